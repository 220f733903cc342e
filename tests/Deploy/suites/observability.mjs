// deploy/observability as Prometheus itself reads it: every rule and every panel's expression, and when each alert fires.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, check } from '../lib/checks.mjs';

const directory = fileURLToPath(new URL('../../../deploy/observability/', import.meta.url));

function promtool(...args) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: directory, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

/** What is wrong with these expressions, each as a rule of its own. */
function problems(expressions) {
  const scratch = mkdtempSync(join(tmpdir(), 'expressions-'));
  try {
    const file = join(scratch, 'rules.json');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules: expressions.map((expr, i) => ({ record: `panel_${i}`, expr })) }] }));
    const { status, text } = promtool('check', 'rules', file);
    return status === 0 ? '' : text;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** A panel's expression as Grafana sends it: its variables have values by then. */
const sent = expr => expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h').replaceAll('$server', '.*');

export default async function suite() {
  await check('alerts.yaml: every rule is valid', () => {
    const { status, text } = promtool('check', 'rules', 'alerts.yaml');
    assert(status === 0, text);
    return text.match(/\d+ rules found/)?.[0];
  });

  await check('alerts.yaml: each alert fires on its fault, and none fires on a healthy gateway', () => {
    const { status, text } = promtool('test', 'rules', 'alerts.test.yaml');
    assert(status === 0, text);
  });

  await check('alerts.test.yaml: names every alert', () => {
    const tested = readFileSync(join(directory, 'alerts.test.yaml'), 'utf8');
    for (const [, alert] of readFileSync(join(directory, 'alerts.yaml'), 'utf8').matchAll(/- alert: (\w+)/g)) {
      assert(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:`).test(tested), `${alert} is never seen to fire`);
    }
  });

  const expressions = JSON.parse(readFileSync(join(directory, 'dashboard.json'), 'utf8')).panels.flatMap(panel => (panel.targets ?? []).map(target => sent(target.expr)));
  await check('dashboard.json: every expression is valid', () => {
    assert(expressions.length > 10, `only ${expressions.length} expressions`);
    const wrong = problems(expressions);
    assert(wrong === '', wrong);
    return `${expressions.length} expressions`;
  });

  await check('an expression that is not valid is found', () => {
    for (const broken of [`${expressions[0]})`, 'rate(gateway_requests_total)', 'sum by (server (gateway_streams_active)']) {
      assert(problems([broken]) !== '', `${broken} was accepted`);
    }
  });
}
