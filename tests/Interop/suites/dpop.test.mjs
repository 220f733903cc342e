// Tokens bound to a key on both legs, with peers that nobody here wrote: openid-client's DPoP under the official MCP client,
// oidc-provider's at the token endpoint, with nonces of the authorization server and of the gateway.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import { startGateway, writeSecret } from '../harness/gateway.mjs';
import { eventually, packages, run } from '../harness/processes.mjs';
import { startRecorder } from '../harness/recorder.mjs';
import { onStage } from '../harness/stage.mjs';
import { signInWithProof } from '../peers/dpop-client.mjs';
import { startEverything } from '../peers/everything.mjs';
import { startJsonServer } from '../peers/json-server.mjs';
import { startOidcProvider, tokenExchange } from '../peers/oidc-provider.mjs';

const resourceOf = (id) => `https://${id}.internal/mcp`;
const program = fileURLToPath(new URL('../peers/dpop-client.mjs', import.meta.url));
const suite = join(packages, '@modelcontextprotocol/conformance/dist/index.js');
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const oidc = stage.keep(await startOidcProvider({ scopes: ['mcp:use'], dpop: true }));
    const recorders = {
      streams: stage.keep(await startRecorder(stage.keep(await startEverything('streamableHttp')).port)),
      json: stage.keep(await startRecorder(stage.keep(await startJsonServer()).port)),
    };
    const gateway = stage.keep(
      await startGateway(async ({ directory }) => {
        await writeSecret(join(directory, 'secret'), oidc.secret);
        return {
          AuthorizationServers: {
            corp: { Issuer: oidc.issuer, Client: { Id: 'mcp-gateway', Authentication: 'client_secret_basic', SecretFile: join(directory, 'secret') } },
          },
          Servers: Object.fromEntries(
            Object.entries(recorders).map(([id, { port }]) => [
              id,
              {
                Destinations: [`http://127.0.0.1:${port}/mcp`],
                RequiredScopes: ['mcp:use'],
                SenderConstraint: 'required',
                DPoP: { Nonce: 'required', MaxAge: '00:01:00' },
                Outbound: { Mode: 'exchange', AuthorizationServer: 'corp', Resource: resourceOf(id), Bind: 'dpop' },
              },
            ]),
          ),
        };
      }),
    );
    const ids = Object.keys(recorders);
    oidc.allow({ inbound: ids.map((id) => gateway.url(`/${id}`)), outbound: ids.map(resourceOf) });
    return { oidc, gateway, recorders };
  });
});
after(() => stage?.stop());

for (const scenario of ['auth/dpop', 'auth/dpop-nonce']) {
  test(`The client of these tests passes the conformance suite's ${scenario}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'dpop-'));
    try {
      const { stdout } = await run(process.execPath, [suite, 'client', '--command', `${process.execPath} ${program}`, '--scenario', scenario, '--timeout', '60000', '-o', directory], { deadline: 120_000 });
      const file = (await readdir(directory, { recursive: true })).find((name) => name.endsWith('checks.json'));
      const checks = JSON.parse(await readFile(join(directory, file ?? 'checks.json'), 'utf8'));
      assert.ok(checks.some(({ id }) => id === 'sep-1932-client-fresh-proof'), stdout);
      assert.deepEqual(checks.filter(({ status }) => !['SUCCESS', 'INFO'].includes(status)), []);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

for (const [id, type] of [['streams', 'text/event-stream'], ['json', 'application/json']]) {
  test(`From discovery to a tool call with proofs, answered with ${type}`, async () => {
    const session = await signInWithProof(stage.gateway.url(`/${id}`));
    assert.match(session.challenge, /^DPoP /, 'bearer tokens are not offered where they are not taken');
    assert.equal(session.metadata.dpop_bound_access_tokens_required, true);
    assert.equal(session.tokenType, 'dpop');
    assert.ok(decodeJwt(session.accessToken).cnf.jkt);
    const { client, transport } = await session.connect();
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'proven' } });
    assert.match(content[0].text, /proven/);
    assert.ok(session.seen.some((answer) => answer.method === 'POST' && answer.status === 200 && answer.type?.startsWith(type)), JSON.stringify(session.seen));

    if (transport.sessionId) {
      await eventually('The listening stream is open, with a proof of its own', () => session.seen.some((answer) => answer.method === 'GET' && answer.status === 200));
    }

    // Another session with the same token, and proofs of its own.
    await client.close();
    const again = await session.connect();
    assert.match((await again.client.callTool({ name: 'echo', arguments: { message: 'again' } })).content[0].text, /again/);
    await again.client.close();
    await assertOutboundProofs(id, session);
  });
}

test('A stolen token is worth nothing without its key', async () => {
  const session = await signInWithProof(stage.gateway.url('/json'));
  const sent = stage.recorders.json.sent().length;
  for (const scheme of ['Bearer', 'DPoP']) {
    const response = await fetch(stage.gateway.url('/json'), {
      method: 'POST',
      headers: { authorization: `${scheme} ${session.accessToken}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    assert.equal(response.status, 401);
    assert.equal((await response.json()).reason, scheme === 'Bearer' ? 'sender_constrained' : 'invalid_dpop_proof');
  }
  const thief = await signInWithProof(stage.gateway.url('/json'));
  assert.notEqual(decodeJwt(thief.accessToken).cnf.jkt, decodeJwt(session.accessToken).cnf.jkt);
  assert.equal(stage.recorders.json.sent().length, sent, 'the MCP server saw nothing');
});

test('The authorization server gave its nonce and got it back', () => {
  const exchanges = stage.oidc.tokenRequests.filter(({ parameters }) => parameters.grant_type === tokenExchange);
  assert.ok(exchanges.some(({ status, answer }) => status === 400 && answer.error === 'use_dpop_nonce'), 'asked once');
  assert.ok(exchanges.filter(({ status }) => status === 200).length >= 2);
  assert.ok(exchanges.filter(({ status }) => status === 400).length <= 1, 'and then known');
});

/** Every request to the MCP server has a token and a proof by one key, which is the gateway's and not the client's. */
async function assertOutboundProofs(id, session) {
  const sent = stage.recorders[id].sent();
  const tokens = [...sent.matchAll(/^authorization: DPoP (\S+)\r$/gim)].map((match) => match[1]);
  const proofs = [...sent.matchAll(/^dpop: (\S+)\r$/gim)].map((match) => match[1]);
  assert.equal(tokens.length, sent.match(/ HTTP\/1\.1\r\n/g).length, 'a token with each request');
  assert.equal(proofs.length, tokens.length, 'and a proof');
  assert.ok(!sent.includes(session.accessToken));
  const seen = new Set();
  for (const [index, proof] of proofs.entries()) {
    const { payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
    const thumbprint = await calculateJwkThumbprint(decodeProtectedHeader(proof).jwk);
    const { payload: token } = await jwtVerify(tokens[index], stage.oidc.keys, { issuer: stage.oidc.issuer, audience: resourceOf(id), typ: 'at+jwt' });
    assert.equal(token.cnf.jkt, thumbprint);
    assert.notEqual(thumbprint, decodeJwt(session.accessToken).cnf.jkt);
    assert.equal(payload.htu, resourceOf(id));
    assert.ok(!seen.has(payload.jti));
    seen.add(payload.jti);
  }
}
