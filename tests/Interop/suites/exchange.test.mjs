// Token exchange with a second authorization server, which signs as another issuer and leaves issued_token_type out.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { jwtVerify } from 'jose';
import { startGateway, writeSecret } from '../harness/gateway.mjs';
import { bearerTokens, startRecorder } from '../harness/recorder.mjs';
import { signIn } from '../harness/sign-in.mjs';
import { onStage } from '../harness/stage.mjs';
import { startEverything } from '../peers/everything.mjs';
import { startOAuth2Server } from '../peers/oauth2-server.mjs';
import { startOidcProvider } from '../peers/oidc-provider.mjs';

const resourceOf = (id) => `https://${id}.internal/mcp`;
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const oidc = stage.keep(await startOidcProvider({ scopes: ['mcp:use'] }));
    const sts = stage.keep(await startOAuth2Server({ trusted: oidc, scopes: ['mcp:use'] }));
    const recorder = stage.keep(await startRecorder(stage.keep(await startEverything('streamableHttp')).port));
    const through = async (lenient) =>
      stage.keep(
        await startGateway(async ({ directory }) => {
          await writeSecret(join(directory, 'secret'), sts.secret);
          return {
            AuthorizationServers: {
              corp: { Issuer: oidc.issuer },
              sts: {
                Issuer: sts.issuer,
                Inbound: false,
                Client: { Id: 'mcp-gateway', Authentication: 'client_secret_basic', SecretFile: join(directory, 'secret') },
                AllowMissingIssuedTokenType: lenient,
              },
            },
            Servers: {
              everything: {
                Destinations: [`http://127.0.0.1:${recorder.port}/mcp`],
                RequiredScopes: ['mcp:use'],
                Outbound: { Mode: 'exchange', AuthorizationServer: 'sts', Resource: resourceOf('everything'), ForeignSubjects: true },
              },
            },
          };
        }),
      );
    const [strict, lenient] = [await through(false), await through(true)];
    oidc.allow({ inbound: [strict.url('/everything'), lenient.url('/everything')] });
    sts.allow(resourceOf('everything'));
    return { oidc, sts, recorder, strict, lenient };
  });
});
after(() => stage?.stop());

test('An answer without issued_token_type is refused, and nothing is sent', async () => {
  const resource = stage.strict.url('/everything');
  const { user } = await signIn(resource);
  const response = await fetch(resource, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.tokens().access_token}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  assert.equal(response.status, 502);
  assert.equal((await response.json()).reason, 'exchange_result_rejected');
  assert.equal(stage.sts.answers.length, 1, 'the server was asked');
  assert.equal(stage.sts.answers[0].issued_token_type, undefined, 'it does leave it out');
  assert.equal(stage.recorder.sent(), '');
});

test('With AllowMissingIssuedTokenType the same answer is verified and used', async () => {
  const { client, user, connect } = await signIn(stage.lenient.url('/everything'));
  await connect();
  const { content } = await client.callTool({ name: 'echo', arguments: { message: 'over two hops' } });
  assert.match(content[0].text, /over two hops/);
  await client.close();
  const hops = bearerTokens(stage.recorder.sent());
  assert.ok(hops.length > 0);
  for (const hop of hops) {
    const { payload } = await jwtVerify(hop, stage.sts.keys, { issuer: stage.sts.issuer, audience: resourceOf('everything'), typ: 'at+jwt' });
    assert.equal(payload.sub, 'alice');
  }
  assert.ok(!stage.recorder.sent().includes(user.tokens().access_token), 'the inbound token stays behind');
});
