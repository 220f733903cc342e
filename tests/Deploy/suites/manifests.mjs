// Every rendering of deploy/k8s: strictly valid, and its parts fit each other. Then the same checks against seeded faults.
import { deepStrictEqual } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, check, equal } from '../lib/checks.mjs';
import { parseJsonc } from '../lib/jsonc.mjs';
import { inconsistencies, shutdownSeconds } from '../lib/consistency.mjs';
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
  const texts = new Set([...rendered.values()].flatMap(objects => ofKind(objects, 'ConfigMap')).map(map => map.data['gateway.json']).filter(Boolean));
  await check("every ConfigMap's gateway.json passes the program's own check, and only its files are missing", () => {
    for (const text of texts) {
      const { status, rules, printed } = checked(text);
      equal(status, 0, printed);
      // Keycloak stamps typ JWT, so the sidecars that read its tokens have to admit that. A sidecar that takes each call-bound
      // token once is one process beside one MCP server, and needs nobody to share that with.
      const alone = text.includes('"RequireCallBinding": true') ? ['replica-state'] : [];
      // Which scopes a server of one's own has, whoever adapts the sidecar knows, and is told to say.
      const sidecar = text.includes('"PublicUrl": "https://legacy') ? ['nothing-advertised'] : [];
      equal(rules.filter(rule => !['file-missing', 'token-types', ...sidecar, ...alone].includes(rule)), [], printed);
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

  await check('the operator gets the very rules of alerts.yaml, and the dashboard is labelled for Grafana', () => {
    const objects = rendered.get('front-door with every component');
    const [rules] = ofKind(objects, 'PrometheusRule');
    deepStrictEqual(rules.spec.groups, parse(readFileSync(join(manifests, '../observability/alerts.yaml'), 'utf8'))[0].groups);
    const dashboard = ofKind(objects, 'ConfigMap').find(map => map.data['dashboard.json']);
    equal(dashboard.metadata.labels.grafana_dashboard, '1', 'label');
  });
  await check('compose.yaml gives the MCP server no way to anybody but the gateway, and mounts what gateway.json names', () => {
    const [compose] = parse(readFileSync(join(manifests, '../compose/compose.yaml'), 'utf8'));
    const configuration = parseJsonc(readFileSync(join(manifests, '../compose/gateway.json'), 'utf8')).Gateway;
    for (const server of Object.values(configuration.Servers)) {
      for (const { hostname } of server.Destinations.map(each => new URL(each))) {
        const networks = compose.services[hostname].networks;
        assert(networks.every(network => compose.networks[network].internal) && !compose.services[hostname].ports, `${hostname} is open`);
        assert(networks.some(network => compose.services.gateway.networks.includes(network)), `${hostname} is out of reach`);
      }
    }
    const secret = configuration.AuthorizationServers.corp.Client.SecretFile;
    assert(compose.services.gateway.secrets.some(each => each.target === secret && compose.secrets[each.source]), `${secret} is not mounted`);
  });
  await check('the systemd unit starts and checks the program, reloads it by SIGHUP, and gives it time to drain', () => {
    const unit = readFileSync(join(manifests, '../systemd/mcp-gateway.service'), 'utf8');
    const settings = new Map([...unit.matchAll(/^([A-Za-z]+)=(.*)$/gm)].map(match => [match[1], match[2]]));
    assert(settings.get('ExecStart').endsWith('gateway run --config /etc/mcp-gateway/gateway.json'), settings.get('ExecStart'));
    equal(settings.get('ExecStartPre').replace(' check ', ' run '), settings.get('ExecStart'), 'ExecStartPre');
    assert(settings.get('ExecReload').includes('-HUP'), settings.get('ExecReload'));
    assert(Number(settings.get('TimeoutStopSec')) >= shutdownSeconds + 15, settings.get('TimeoutStopSec'));
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return 'systemd-analyze is not here: syntax not verified';
    const directory = mkdtempSync(join(tmpdir(), 'unit-'));
    try {
      const file = join(directory, 'mcp-gateway.service');
      writeFileSync(file, unit.replaceAll('/opt/mcp-gateway/gateway', '/bin/true'));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      equal({ status, stderr: stderr.split('\n').filter(line => line.includes('mcp-gateway')) }, { status: 0, stderr: [] }, 'systemd-analyze verify');
    } finally {
      rmSync(directory, { recursive: true, force: true });
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
