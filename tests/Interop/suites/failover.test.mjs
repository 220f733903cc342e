// What becomes of a real Redis while replicas follow it: its password changes, its replica stops answering, it dies and
// Sentinel names another.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writeSecret } from '../harness/gateway.mjs';
import { listen } from '../harness/loopback.mjs';
import { eventually, run } from '../harness/processes.mjs';
import * as at from '../harness/replicas.mjs';
import { onStage } from '../harness/stage.mjs';
import { startRedis } from '../peers/redis.mjs';

const { resource } = at;
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const mcp = stage.keep(await listen(at.countingServer().server));
    return { keep: (peer) => stage.keep(peer), destination: `http://127.0.0.1:${mcp.port}/mcp` };
  });
});
after(() => stage?.stop());

const replicas = (options) => at.startReplicas(stage, { count: 2, destination: stage.destination, ...options });
const call = (gateway, token) => at.call(gateway.publicUrl, token);
const logOut = async ({ issuer, gateways }, subject) => at.logOut(gateways[0].publicUrl, await issuer.logout('mcp-gateway', subject));

/** A logout at the first is in force at the second. */
async function follows(set, subject) {
  const token = await set.issuer.token(resource, subject);
  assert.equal((await call(set.gateways[1], token)).status, 200);
  await eventually(`The logout of ${subject} is written`, async () => (await logOut(set, subject)) === 200);
  await eventually(`The other replica refuses ${subject}`, async () => (await call(set.gateways[1], token)).reason === 'revoked');
  return token;
}

test('A password is changed while replicas run: the new one is read from its file, and nothing is lost', async () => {
  const set = await replicas();
  const before = await follows(set, 'before');
  const password = at.newPassword();

  // As an operator does it: both are good, the file, the old one is not good any more.
  await set.redis.say('ACL', 'SETUSER', 'mcp-gateway', `>${password}`);
  await writeSecret(set.passwordFile, password);
  await set.redis.say('ACL', 'SETUSER', 'mcp-gateway', 'resetpass', `>${password}`);
  await set.redis.say('CLIENT', 'KILL', 'USER', 'mcp-gateway');

  await eventually('Both have come back', async () => (await set.redis.say('CLIENT', 'LIST')).match(/user=mcp-gateway/g)?.length >= 2);
  await follows(set, 'after');
  assert.equal((await call(set.gateways[1], before)).reason, 'revoked');
});

test('With MinReplicas a logout that the replica of Redis has not acknowledged is in force and 503, until it has', async () => {
  const primary = stage.keep(await startRedis());
  const copy = stage.keep(await startRedis([`replicaof 127.0.0.1 ${primary.port}`]));
  await linked(copy);
  const set = await replicas({ state: { Endpoints: [`127.0.0.1:${primary.port}`], Tls: false, MinReplicas: 1 } });
  await follows(set, 'acknowledged');
  const token = await set.issuer.token(resource, 'alone');
  assert.equal((await call(set.gateways[0], token)).status, 200);

  copy.pause();
  assert.equal(await logOut(set, 'alone'), 503);
  assert.equal((await call(set.gateways[0], token)).reason, 'revoked');
  copy.resume();

  await follows(set, 'together');
  await eventually('It has reached the other by itself', async () => (await call(set.gateways[1], token)).reason === 'revoked');
});

test('When the primary is made a replica and its connections stay, replicas follow to the new one within seconds', async () => {
  const primary = stage.keep(await startRedis());
  const copy = stage.keep(await startRedis([`replicaof 127.0.0.1 ${primary.port}`]));
  await linked(copy);
  const set = await replicas({ state: { Endpoints: [`127.0.0.1:${primary.port}`, `127.0.0.1:${copy.port}`], Tls: false, MinReplicas: 0 } });
  const before = await follows(set, 'before');

  await say(copy, 'REPLICAOF', 'NO', 'ONE');
  await say(primary, 'REPLICAOF', '127.0.0.1', `${copy.port}`);

  const demoted = performance.now();
  await follows(set, 'after');
  assert.ok(performance.now() - demoted < 30_000, 'they asked the one that was the primary for as long as its connections lasted');
  assert.equal((await call(set.gateways[1], before)).reason, 'revoked');
});

test('When the primary dies Sentinel names another, replicas follow there, and who starts then knows what was revoked before', async () => {
  const primary = stage.keep(await startRedis());
  const copy = stage.keep(await startRedis([`replicaof 127.0.0.1 ${primary.port}`]));
  await linked(copy);
  const sentinel = stage.keep(
    await startRedis([`sentinel monitor state 127.0.0.1 ${primary.port} 1`, 'sentinel down-after-milliseconds state 1000', 'sentinel failover-timeout state 5000'], { sentinel: true }),
  );
  await eventually('Sentinel knows the replica', async () => (await say(sentinel, 'SENTINEL', 'REPLICAS', 'state')).includes(`${copy.port}`));
  const set = await replicas({ state: { Endpoints: [`127.0.0.1:${sentinel.port}`], ServiceName: 'state', Tls: false, MinReplicas: 0 } });
  const before = await follows(set, 'before');

  await primary.kill();
  await eventually('Sentinel names the other', async () => (await say(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'state')).includes(`${copy.port}`), { deadline: 60_000 });

  await follows(set, 'after');
  const late = stage.keep(await set.start());
  assert.equal((await call(late, before)).reason, 'revoked');
});

const say = async (redis, ...command) => (await run('redis-cli', ['-p', redis.port, ...command])).stdout;
const linked = (copy) => eventually('The replica follows', async () => /master_link_status:up/.test(await say(copy, 'INFO', 'replication')));
