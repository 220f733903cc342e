// Proofs that are good once, each presented at three replicas in the same moment. Run by name: tests/Interop/run spends-load
import assert from 'node:assert/strict';
import http from 'node:http';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { listen } from '../harness/loopback.mjs';
import { call, countingServer, resource, startReplicas } from '../harness/replicas.mjs';
import { onStage } from '../harness/stage.mjs';

const replicas = 3;
const proofs = 50_000;
const atOnce = 24;
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const { port } = stage.keep(await listen(countingServer().server));
    const agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });
    stage.keep({ stop: () => agent.destroy() });
    return { ...(await startReplicas(stage, { count: replicas, destination: `http://127.0.0.1:${port}/mcp`, server: { SenderConstraint: 'required' } })), agent };
  });
});
after(() => stage?.stop());

test(`Of ${proofs} proofs, each presented at ${replicas} replicas at once, every one is taken once: ${proofs * (replicas - 1)} double spends`, async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const token = await stage.issuer.token(resource, 'alice', { cnf: { jkt: await calculateJwkThumbprint(jwk) } });
  const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const head = part({ alg: 'ES256', typ: 'dpop+jwt', jwk });
  const ath = createHash('sha256').update(token).digest('base64url');
  const proof = () => {
    const input = `${head}.${part({ htm: 'POST', htu: resource, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ath })}`;
    return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };

  const taken = Array(replicas).fill(0);
  const answers = new Map();
  let left = proofs;
  const begun = performance.now();
  const spend = async () => {
    while (left > 0) {
      const first = (left -= 1) % replicas;
      const headers = { authorization: `DPoP ${token}`, dpop: proof() };

      // Whose turn it is first changes, and nobody waits for anybody.
      const order = stage.gateways.map((_, i) => (first + i) % replicas);
      const said = await Promise.all(order.map((at) => call(stage.gateways[at].publicUrl, token, { headers, agent: stage.agent })));
      const winners = order.filter((_, i) => said[i].status === 200);
      assert.equal(winners.length, 1, `one proof was answered with ${said.map(({ status, reason }) => `${status} ${reason ?? ''}`).join(', ')}`);
      taken[winners[0]] += 1;
      for (const { status, reason } of said) if (status !== 200) answers.set(`${status} ${reason}`, (answers.get(`${status} ${reason}`) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, spend));

  t.diagnostic(`${proofs * replicas} requests in ${((performance.now() - begun) / 1000).toFixed(0)} s; taken at ${taken.join(' + ')}; refused: ${[...answers].map(([answer, count]) => `${answer} ${count}`).join(', ')}`);
  assert.deepEqual([...answers], [['401 invalid_dpop_proof', proofs * (replicas - 1)]]);
  assert.ok(Math.min(...taken) > 0, 'each replica has won some');
});
