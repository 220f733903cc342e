// Three replicas and a real Redis, over TLS and as an ACL user: what is revoked at one is revoked at all, streams included,
// and survives the death of any of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gatewayCommand } from '../harness/gateway.mjs';
import { listen } from '../harness/loopback.mjs';
import { eventually } from '../harness/processes.mjs';
import * as at from '../harness/replicas.mjs';
import { onStage } from '../harness/stage.mjs';

const { resource } = at;
const replicas = 3;
const events = 20;
const streamsAnEvent = 50;
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const mcp = stage.keep(await listen(at.countingServer().server));
    return at.startReplicas(stage, { count: replicas, destination: `http://127.0.0.1:${mcp.port}/mcp`, sharedState: { MaxStaleness: '00:00:03' } });
  });
});
after(() => stage?.stop());

test('doctor finds nothing wrong with the state', async () => {
  const { stdout } = await gatewayCommand('doctor', '--config', stage.gateways[0].config);
  assert.match(stdout, /pass {2}shared state: .* answers/);
  assert.match(stdout, /pass {2}shared state ids: one was taken, once/);
  assert.match(stdout, /pass {2}shared state eviction: maxmemory-policy is noeviction/);
  assert.match(stdout, /pass {2}shared state persistence: appendfsync is always/);
});

test(`Of ${events} logouts at one replica, ${streamsAnEvent} streams each at all replicas: closed within a second at the 99th percentile, and nobody else's`, async (t) => {
  const others = await Promise.all(Array.from({ length: 30 }, async (_, i) => openStream(i % replicas, await stage.issuer.token(resource, 'bystander'))));
  const delays = [];
  for (let event = 0; event < events; event += 1) {
    const subject = `leaver-${event}`;
    const token = await stage.issuer.token(resource, subject);
    const streams = await Promise.all(Array.from({ length: streamsAnEvent }, (_, i) => openStream(i % replicas, token)));
    const begun = performance.now();
    const closed = Promise.all(streams.map(async (stream) => delays.push((await stream.ended) - begun)));
    assert.equal(await logOut(event % replicas, subject), 200);
    await closed;
    for (let i = 0; i < replicas; i += 1) assert.equal((await call(i, token)).reason, 'revoked');
  }
  const p99 = at.percentile(delays, 0.99);
  t.diagnostic(`p50 ${at.percentile(delays, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, longest ${at.percentile(delays, 1).toFixed(0)} ms of ${delays.length} streams`);
  assert.ok(p99 < 1000, `p99 ${p99} ms`);
  assert.ok(others.every((stream) => stream.open), "a bystander's stream was touched");
  others.forEach((stream) => stream.close());
});

test('What the command line revokes is revoked at all within a second, until it is taken back', async () => {
  const token = await stage.issuer.token(resource, 'lost-laptop');
  for (let i = 0; i < replicas; i += 1) assert.equal((await call(i, token)).status, 200);
  const revoked = await gatewayCommand('revoke', '--subject', 'lost-laptop', '--reason', 'laptop lost', '--config', stage.gateways[0].config);
  assert.equal(revoked.code, 0, revoked.stderr);
  for (let i = 0; i < replicas; i += 1) await eventually(`Replica ${i} has heard`, async () => (await call(i, token)).reason === 'revoked', { deadline: 1000 });
  assert.equal((await gatewayCommand('revoke', 'undo', revoked.stdout.split(' ')[0], '--config', stage.gateways[1].config)).code, 0);
  for (let i = 0; i < replicas; i += 1) await eventually(`Replica ${i} has heard`, async () => (await call(i, token)).status === 200, { deadline: 1000 });
});

test('Of 200 logouts while Redis, a replica and both are killed in every order, none is lost', async () => {
  const subjects = Array.from({ length: 200 }, (_, i) => `worker-${i}`);
  const tokens = await Promise.all(subjects.map((subject) => stage.issuer.token(resource, subject)));
  const spared = await stage.issuer.token(resource, 'spared');
  const [redis, replica] = [
    { kill: () => stage.redis.kill(), revive: () => stage.redis.start() },
    { kill: () => stage.gateways[1].kill(), revive: async () => (stage.gateways[1] = await stage.start()) },
  ];
  const deaths = [[redis], [replica], [redis, replica], [replica, redis]];
  let turn = 0;
  let attempts = 0;
  const said = subjects.map(async (subject, i) => {
    // Spread over the deaths; an authorization server says it again until it is heard.
    await eventually('It is its turn', () => turn > i / subjects.length, { deadline: 120_000 });
    await eventually(`${subject} is logged out`, async () => (await logOut((i + attempts++) % replicas, subject).catch(() => 0)) === 200, { deadline: 60_000 });
  });
  for (const [number, death] of deaths.entries()) {
    turn = (number + 0.5) / deaths.length;
    for (const one of death) await one.kill();
    turn = (number + 1) / deaths.length;
    await Promise.all(death.map((one) => one.revive()));
  }
  turn = 2;
  await Promise.all(said);
  for (let i = 0; i < replicas; i += 1) {
    await eventually(`Replica ${i} serves again`, async () => (await call(i, spared)).status === 200);
    // It serves while it is not stale, and may be reading what the others wrote while it was cut off.
    for (const [number, token] of tokens.entries()) {
      await eventually(`${subjects[number]} is revoked at replica ${i}`, async () => (await call(i, token)).reason === 'revoked', { deadline: 5_000 });
    }
  }
});

test('A replica that hears nothing for MaxStaleness refuses, and recovers by itself', async () => {
  const token = await stage.issuer.token(resource, 'patient');
  assert.equal((await call(0, token)).status, 200);
  await stage.redis.kill();
  assert.equal((await call(0, token)).status, 200, 'for a while, what is known will do');
  const refused = await eventually('It refuses', async () => {
    const answer = await call(0, token);
    return answer.status === 503 && answer;
  });
  assert.equal(refused.reason, 'state_unavailable');
  assert.ok(refused.retryAfter > 0);
  assert.equal((await fetch(stage.gateways[0].url('/healthz/ready'))).status, 503);
  await stage.redis.start();
  await eventually('It serves again', async () => (await call(0, token)).status === 200);
  await eventually('It is ready again', async () => (await fetch(stage.gateways[0].url('/healthz/ready'))).status === 200);
});

const origin = (replica) => stage.gateways[replica].publicUrl;
const call = (replica, token) => at.call(origin(replica), token);
const logOut = async (replica, subject) => at.logOut(origin(replica), await stage.issuer.logout('mcp-gateway', subject));
const openStream = (replica, token) => at.openStream(origin(replica), token);
