// Every rendering of deploy/k8s: strictly valid, and its parts fit each other. Then the same checks against seeded faults.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, check, equal } from '../lib/checks.mjs';
import { inconsistencies } from '../lib/consistency.mjs';
import { manifests, parse, render, variants } from '../lib/kustomize.mjs';
import { problems } from '../lib/schema.mjs';
import { badValues, misspellings } from '../lib/misspellings.mjs';
import { faults } from '../lib/faults.mjs';
import { ofKind } from '../lib/pods.mjs';
import { gatewayCommand } from '../lib/programs.mjs';

export default async function suite() {
  const rendered = new Map();
  for (const variant of variants) {
    await check(`${variant.name}: renders, and every object passes strict validation`, () => {
      const objects = render(variant);
      rendered.set(variant.name, objects);
      equal(objects.flatMap(object => problems(object).map(problem => `${object.kind} ${object.metadata.name}: ${problem}`)), [], 'problems');
      return `${objects.length} objects`;
    });
    await check(`${variant.name}: selectors, ports, probes, volumes, policies, drain and identities fit each other`, () => {
      equal(inconsistencies(rendered.get(variant.name)), [], 'problems');
    });
  }

  await check('the namespace is valid and enforces the restricted profile', () => {
    const [namespace] = parse(readFileSync(join(manifests, 'namespace.yaml'), 'utf8'));
    equal(problems(namespace), [], 'problems');
    equal(namespace.metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted', 'enforce');
  });

  // One object of each shape is enough: overlays repeat what base already showed.
  const seen = new Set();
  const distinct = [...rendered.values()].flat().filter(object => {
    const key = JSON.stringify([object.kind, object.metadata.name, object.metadata.annotations, object.spec]);
    return !seen.has(key) && seen.add(key);
  });
  await check('every misspelt field of every object is refused', () => {
    const missed = [];
    let count = 0;
    for (const object of distinct) {
      for (const { path, broken } of misspellings(object)) {
        count++;
        if (problems(broken).length === 0) missed.push(`${object.kind} ${object.metadata.name} ${path}`);
      }
    }
    assert(count > 500, `only ${count} misspellings were seeded`);
    equal(missed, [], 'accepted');
    return `${count} seeded`;
  });
  await check('every wrong enumeration, quantity, number and missing required field is refused', () => {
    const missed = [];
    let count = 0;
    for (const object of distinct) {
      for (const { path, broken } of badValues(object)) {
        count++;
        if (problems(broken).length === 0) missed.push(`${object.kind} ${object.metadata.name} ${path}`);
      }
    }
    assert(count > 100, `only ${count} values were seeded`);
    equal(missed, [], 'accepted');
    return `${count} seeded`;
  });
  const texts = new Set([...rendered.values()].flatMap(objects => ofKind(objects, 'ConfigMap')).map(map => map.data['gateway.json']));
  await check("every ConfigMap's gateway.json passes the program's own check, and only its files are missing", () => {
    for (const text of texts) {
      const { status, rules, printed } = checked(text);
      equal(status, 0, printed);
      // Keycloak stamps typ JWT, so the sidecars that read its tokens have to admit that. A sidecar that takes each call-bound
      // token once is one process beside one MCP server, and needs nobody to share that with.
      const alone = text.includes('"RequireCallBinding": true') ? ['replica-state'] : [];
      equal(rules.filter(rule => !['file-missing', 'token-types', ...alone].includes(rule)), [], printed);
    }
    return `${texts.size} files`;
  });
  await check('a misspelt key in a gateway.json fails the check', () => {
    for (const text of texts) {
      const { status, rules } = checked(text.replace('"Outbound"', '"Outbond"'));
      equal(status, 1, 'exit');
      assert(rules.includes('unknown-key'), String(rules));
    }
  });

  for (const fault of faults) {
    await check(`a seeded fault is seen: ${fault.name}`, () => {
      const objects = structuredClone(rendered.get(fault.variant));
      fault.seed(objects);
      const found = inconsistencies(objects);
      assert(found.some(problem => problem.startsWith(`${fault.rule}:`)), `rule ${fault.rule} said nothing; all said: ${JSON.stringify(found)}`);
    });
  }
}

function checked(text) {
  const directory = mkdtempSync(join(tmpdir(), 'check-'));
  try {
    const file = join(directory, 'gateway.json');
    writeFileSync(file, text);
    const [command, ...args] = gatewayCommand();
    const { status, stdout, stderr } = spawnSync(command, [...args, 'check', '--config', file], { encoding: 'utf8' });
    const printed = stdout + stderr;
    return { status, printed, rules: [...printed.matchAll(/\): (?:error|warning)?:? ?([a-z-]+):/g)].map(match => match[1]) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
