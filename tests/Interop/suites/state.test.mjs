// Three replicas and a real Redis, over TLS and as an ACL user: what is revoked at one is revoked at all, streams included,
// and survives the death of any of them.
import assert from 'node:assert/strict';
import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gatewayCommand, newSigningKey, startGateway, writeSecret } from '../harness/gateway.mjs';
import { listen } from '../harness/loopback.mjs';
import { eventually, run } from '../harness/processes.mjs';
import { onStage } from '../harness/stage.mjs';
import { startRedis } from '../peers/redis.mjs';
import { startStaticIssuer } from '../peers/static-issuer.mjs';

const publicUrl = 'https://mcp.example.com';
const resource = `${publicUrl}/weather`;
const replicas = 3;
const events = 20;
const streamsAnEvent = 50;
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const directory = await mkdtemp(join(tmpdir(), 'state-'));
    stage.keep({ stop: () => rm(directory, { recursive: true, force: true }) });
    const in_ = (name) => join(directory, name);
    const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', in_('key.pem'), '-out', in_('cert.pem')]);
    assert.equal(made.code, 0, made.stderr);
    const password = randomBytes(24).toString('base64url');
    await writeSecret(in_('password'), password);
    await writeSecret(in_('session-keys'), randomBytes(32).toString('base64'));
    await newSigningKey(in_('signing'));
    const redis = stage.keep(
      await startRedis(
        [
          `tls-cert-file ${in_('cert.pem')}`,
          `tls-key-file ${in_('key.pem')}`,
          `tls-ca-cert-file ${in_('cert.pem')}`,
          'tls-auth-clients no',
          'user default off',
          `user mcp-gateway on >${password} ~mcp-gateway:* &mcp-gateway:* +@connection +info +config|get +get +set +incr +incrby +zadd +zrangebyscore +zrem +multi +exec +publish +subscribe +wait`,
        ],
        { tls: true },
      ),
    );
    const issuer = stage.keep(await startStaticIssuer());
    const server = http.createServer((request, response) => {
      request.resume();
      if (request.method === 'GET') return response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
    });
    const mcp = stage.keep(await listen(server));
    const start = () =>
      startGateway(() => ({
        PublicUrl: publicUrl,
        SessionKeyFile: in_('session-keys'),
        LocalIssuer: { Issuer: `${publicUrl}/hop`, KeyDirectory: in_('signing') },
        SharedState: {
          Redis: { Endpoints: [`127.0.0.1:${redis.port}`], User: 'mcp-gateway', PasswordFile: in_('password'), CaFile: in_('cert.pem') },
          MaxStaleness: '00:00:03',
        },
        AuthorizationServers: { corp: { Issuer: issuer.issuer, JwksUrl: `${issuer.issuer}/jwks`, BackchannelLogout: true, Client: { Id: 'mcp-gateway', Authentication: 'none' } } },
        Servers: { weather: { Destinations: [`http://127.0.0.1:${mcp.port}/mcp`], Outbound: { Mode: 'local', Resource: 'https://weather.internal/mcp' } } },
      }));
    const gateways = [];
    for (let i = 0; i < replicas; i += 1) gateways.push(await start());
    stage.keep({ stop: () => Promise.all(gateways.map((gateway) => gateway.stop())) });
    return { redis, issuer, gateways, start };
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

test(`Of ${events} logouts at one replica, ${streamsAnEvent} streams each at all replicas: closed within a second at the 99th percentile, and nobody else's`, async () => {
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
  delays.sort((one, other) => one - other);
  const p99 = delays[Math.ceil(delays.length * 0.99) - 1];
  console.log(`    p50 ${delays[delays.length >> 1].toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, longest ${delays.at(-1).toFixed(0)} ms of ${delays.length} streams`);
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
    for (const [number, token] of tokens.entries()) assert.equal((await call(i, token)).reason, 'revoked', `${subjects[number]} at replica ${i}`);
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

async function call(replica, token) {
  const response = await fetch(stage.gateways[replica].url('/weather'), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
  const { reason } = await response.json();
  return { status: response.status, reason, retryAfter: Number(response.headers.get('retry-after')) };
}

async function logOut(replica, subject) {
  const response = await fetch(stage.gateways[replica].url('/backchannel-logout/corp'), {
    method: 'POST',
    body: new URLSearchParams({ logout_token: await stage.issuer.logout('mcp-gateway', subject) }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** A listening stream; `ended` is when it was over, in one way or another. */
function openStream(replica, token) {
  return new Promise((resolve, reject) => {
    const request = http.get(stage.gateways[replica].url('/weather'), { agent: false, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`The stream was answered with ${response.statusCode}.`));
      const stream = { open: true, close: () => request.destroy() };
      stream.ended = new Promise((over) => response.once('close', () => over((stream.open = false) || performance.now())));
      response.on('error', () => {}).resume();
      resolve(stream);
    });
    request.on('error', reject);
  });
}
