// The official conformance suite, direct and through the gateway: the same result check by check.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startBehindGateway } from '../harness/behind-gateway.mjs';
import { compare, revisions, runConformance } from '../harness/conformance.mjs';
import { onStage } from '../harness/stage.mjs';
import { faults, startFaultyProxy } from '../peers/faulty-proxy.mjs';
import { startTypeScriptServer } from '../peers/typescript.mjs';

const knownDifferences = JSON.parse(await readFile(new URL('./known-differences.json', import.meta.url), 'utf8'));
const direct = {};
const through = {};
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const fixture = stage.keep(await startTypeScriptServer());
    for (const revision of revisions) direct[revision] = await runConformance(`http://127.0.0.1:${fixture.port}/mcp`, revision);
    return { fixture, stage };
  });
});
after(() => stage?.stop());

test('The fixture itself conforms, so that the comparison means something', () => {
  for (const revision of revisions) {
    const scenarios = Object.entries(direct[revision]).filter(([scenario]) => !scenario.startsWith('tasks-'));
    assert.ok(scenarios.length >= 33, `${scenarios.length} scenarios ran for ${revision}`);
    const failures = scenarios.flatMap(([scenario, checks]) => checks.filter((check) => / (FAILURE|WARNING)$/.test(check)).map((check) => `${scenario}: ${check}`));
    assert.deepEqual(failures, []);
  }
});

test('Through the gateway every check comes out as it does directly, known differences aside', async () => {
  const { url, token } = await startBehindGateway(stage.stage, { fixture: { destination: `http://127.0.0.1:${stage.fixture.port}/mcp` } });
  const differences = [];
  for (const revision of revisions) {
    through[revision] = await runConformance(url('fixture'), revision, { token: await token('fixture') });
    differences.push(...compare(direct[revision], through[revision]).map((difference) => ({ revision, ...difference })));
  }
  const known = knownDifferences.map(({ reason, ...difference }) => {
    assert.ok(reason, 'a known difference says why');
    return difference;
  });
  assert.deepEqual(differences, known, 'differences from known-differences.json, or entries of it that have gone stale');
});

for (const [scenario, revision] of [['dns-rebinding-protection', '2025-11-25'], ['dns-rebinding-protection', '2026-07-28'], ['http-header-validation', '2026-07-28']]) {
  test(`The gateway's own duty ${scenario} is green in ${revision}`, () => {
    const checks = through[revision]?.[scenario] ?? [];
    assert.ok(checks.length >= 2, 'the scenario ran');
    assert.deepEqual(checks.filter((check) => !/ (SUCCESS|INFO)$/.test(check)), []);
  });
}

test('A proxy without a fault is not noticed', async () => {
  const proxy = await startFaultyProxy(stage.fixture.port);
  try {
    for (const revision of revisions) assert.deepEqual(compare(direct[revision], await runConformance(proxy.url('/mcp'), revision)), []);
  } finally {
    await proxy.close();
  }
});

for (const [name, { revision, ...fault }] of Object.entries(faults)) {
  test(`The comparison notices when ${name}`, async () => {
    const proxy = await startFaultyProxy(stage.fixture.port, fault);
    try {
      const differences = compare(direct[revision], await runConformance(proxy.url('/mcp'), revision, { timeout: 2_000 }));
      assert.notDeepEqual(differences, []);
    } finally {
      await proxy.close();
    }
  });
}
