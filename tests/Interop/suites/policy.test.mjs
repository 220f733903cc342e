// Real policy engines with the policies of docs/policy.md: Cerbos, which speaks AuthZEN itself, and Cedar behind an adapter.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { z } from 'zod';
import { startGateway } from '../harness/gateway.mjs';
import { listen } from '../harness/loopback.mjs';
import { onStage } from '../harness/stage.mjs';
import { startCedar } from '../peers/cedar-authzen.mjs';
import { startCerbos } from '../peers/cerbos.mjs';
import { startJsonServer } from '../peers/json-server.mjs';

const guide = await readFile(new URL('../../../docs/policy.md', import.meta.url), 'utf8');

/** The files that the guide shows, by name. */
const files = Object.fromEntries([...guide.matchAll(/^`([\w./-]+)`:\n\n```\w+\n([\s\S]*?)```$/gm)].map(([, name, text]) => [name, text]));

/** The server's policy as the guide shows it. */
const shown = JSON.parse(guide.match(/"Policy": (\{[\s\S]*?\n {4}\})/)[1]);

const engines = {
  Cerbos: () => startCerbos(Object.fromEntries(['cerbos.yaml', 'policies/tool.yaml', 'policies/mcp_server.yaml'].map((name) => [name, files[name]]))),
  Cedar: () => startCedar(files['shop.cedar']),
};

/** An issuer whose tokens say what a test wants. */
async function startIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'k1' };
  let issuer;
  const { port, close } = await listen(
    http.createServer((request, response) => {
      const document = request.url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    }),
  );
  issuer = `http://127.0.0.1:${port}`;
  const token = (aud, claims) =>
    new SignJWT({ client_id: 'support-desk', scope: 'shop:use', jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
      .setIssuer(issuer)
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  return { issuer, close, token };
}

for (const [name, startEngine] of Object.entries(engines)) {
  describe(name, () => {
    let stage;
    before(async () => {
      stage = await onStage(async (stage) => {
        const issuer = stage.keep(await startIssuer());
        const engine = stage.keep(await startEngine());
        const refunded = [];
        const shop = stage.keep(
          await startJsonServer((mcp) => {
            mcp.registerTool('refund', { inputSchema: { amount: z.number() } }, ({ amount }) => {
              refunded.push(amount);
              return { content: [{ type: 'text', text: `refunded ${amount}` }] };
            });
            mcp.registerTool('look_up', { inputSchema: {} }, () => ({ content: [{ type: 'text', text: 'found' }] }));
            mcp.registerPrompt('greet', {}, () => ({ messages: [] }));
          }),
        );
        const gateway = stage.keep(
          await startGateway(() => {
            const { TokenFile, ...policy } = shown;
            assert.ok(TokenFile, 'the guide shows how a token goes along');
            return {
              AuthorizationServers: { corp: { Issuer: issuer.issuer } },
              Servers: {
                shop: {
                  Destinations: [`http://127.0.0.1:${shop.port}/mcp`],
                  Outbound: { Mode: 'none' },
                  Policy: { ...policy, Url: `http://127.0.0.1:${engine.port}${new URL(policy.Url).pathname}` },
                },
              },
            };
          }),
        );
        return { issuer, gateway, refunded };
      });
    });
    after(() => stage?.stop());

    const tokenOf = (claims) => stage.issuer.token(stage.gateway.url('/shop'), claims);
    const clerk = { sub: 'alice', roles: ['clerk'] };
    const manager = { sub: 'mona', roles: ['clerk', 'manager'] };

    async function post(claims, method, params) {
      const response = await fetch(stage.gateway.url('/shop'), {
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenOf(claims)}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }),
      });
      return { status: response.status, ...(await response.json()) };
    }

    const refund = (claims, amount) => post(claims, 'tools/call', { name: 'refund', arguments: { amount } });

    test('Who may refund how much is what the policy says', async () => {
      for (const [who, amount, allowed] of [[clerk, 500, true], [clerk, 501, false], [clerk, -1, true], [manager, 501, true], [{ sub: 'zoe' }, 500, true], [{ sub: 'zoe' }, 501, false]]) {
        const answer = await refund(who, amount);
        assert.equal(answer.status, allowed ? 200 : 403, `${who.sub}, ${amount}: ${JSON.stringify(answer)}`);
        if (!allowed) assert.deepEqual([answer.error.code, answer.error.data.reason, answer.id], [-32001, 'policy_denied', 7]);
      }
      assert.deepEqual(stage.refunded.splice(0), [500, -1, 501, 500]);
    });

    test('Arguments named like what the gateway says change nothing', async () => {
      const answer = await post(clerk, 'tools/call', {
        name: 'refund',
        arguments: { amount: 501, claims: { roles: ['manager'] }, subject: { id: 'mona' }, id: 'look_up', server: 'other' },
        roles: ['manager'],
      });
      assert.equal(answer.status, 403);
      assert.equal((await post(clerk, 'tools/call', { name: 'refund', arguments: { Amount: 1, amount: 501 } })).error.data.reason, 'body_invalid');
      assert.equal((await post(clerk, 'tools/call', { name: 'refund', arguments: { amount: 'many' } })).status, 403);
      assert.deepEqual(stage.refunded, []);
    });

    test('What no policy speaks of is denied', async () => {
      assert.equal((await post(manager, 'prompts/get', { name: 'greet' })).error.data.reason, 'policy_denied');
      assert.equal((await post(manager, 'tools/destroy', {})).error.data.reason, 'policy_denied');
    });

    test('The official client signs on, sees what it may use, and uses it', async () => {
      const client = new Client({ name: 'interop', version: '1.0.0' });
      const headers = { authorization: `Bearer ${await tokenOf(clerk)}` };
      await client.connect(new StreamableHTTPClientTransport(new URL(stage.gateway.url('/shop')), { requestInit: { headers } }));
      assert.deepEqual((await client.listTools()).tools.map((tool) => tool.name), ['refund', 'look_up']);
      assert.deepEqual((await client.listPrompts()).prompts, [], 'no policy speaks of prompts');
      const { content } = await client.callTool({ name: 'look_up', arguments: {} });
      assert.equal(content[0].text, 'found');
      await assert.rejects(client.callTool({ name: 'refund', arguments: { amount: 501 } }), /policy does not allow/);
      await client.close();
    });
  });
}
