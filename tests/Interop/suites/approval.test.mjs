// One call, approved by its user at the authorization server: the gateway's refusal says what to ask for, oidc-provider's
// rich authorization requests grant exactly that, and the token is good for that one call.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { startGateway, writeSecret } from '../harness/gateway.mjs';
import { bearerTokens, startRecorder } from '../harness/recorder.mjs';
import { onStage } from '../harness/stage.mjs';
import { follow, redirectUri, register } from '../peers/dpop-client.mjs';
import { startJsonServer } from '../peers/json-server.mjs';
import { startOidcProvider } from '../peers/oidc-provider.mjs';

const outbound = 'https://payments.internal/mcp';
const pay = (message) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { message, amount: 10.5 } } });
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const oidc = stage.keep(await startOidcProvider({ scopes: ['mcp:use'], details: ['mcp_call_approval'] }));
    const recorder = stage.keep(await startRecorder(stage.keep(await startJsonServer()).port));
    const gateway = stage.keep(
      await startGateway(async ({ directory }) => {
        await writeSecret(join(directory, 'secret'), oidc.secret);
        return {
          AuthorizationServers: {
            corp: { Issuer: oidc.issuer, Client: { Id: 'mcp-gateway', Authentication: 'client_secret_basic', SecretFile: join(directory, 'secret') } },
          },
          Servers: {
            payments: {
              Destinations: [`http://127.0.0.1:${recorder.port}/mcp`],
              Operations: [{ Method: 'tools/call', Approval: true }],
              Outbound: { Mode: 'exchange', AuthorizationServer: 'corp', Resource: outbound },
            },
          },
        };
      }),
    );
    oidc.allow({ inbound: [gateway.url('/payments')], outbound: [outbound] });
    const configuration = await openid.discovery(new URL(oidc.issuer), 'unregistered', undefined, openid.None(), { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] });
    const { client_id } = await register(configuration.serverMetadata().registration_endpoint, { authorization_details_types: ['mcp_call_approval'] });
    const client = new openid.Configuration(configuration.serverMetadata(), client_id, undefined, openid.None());
    openid.allowInsecureRequests(client);
    return { oidc, gateway, recorder, client };
  });
});
after(() => stage?.stop());

test('A call that needs an approval passes once, with the approval of exactly that call', async () => {
  const look = await token();
  assert.equal((await send(look, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}')).status, 200, 'looking needs none');
  const sent = stage.recorder.sent();

  const refused = await send(look, pay('bob'));
  assert.deepEqual([refused.status, refused.body.error.code, refused.body.error.data.reason], [403, -32001, 'approval_required']);
  const details = refused.body.error.data.authorization_details;
  assert.match(refused.challenge, /^Bearer .*error="insufficient_authorization"/);
  const [, remediation] = /authorization_remediation="([^"]+)"/.exec(refused.challenge);
  assert.deepEqual(JSON.parse(Buffer.from(remediation, 'base64url')), { authorization_details: details });
  assert.deepEqual(details[0].arguments, { message: 'bob', amount: 10.5 }, 'what the user is shown');

  const approved = await token(details);
  assert.deepEqual(stage.oidc.approved.at(-1), details[0], 'the user saw what was asked for');
  assert.deepEqual(decodeJwt(approved).authorization_details, details);
  for (const other of [pay('eve'), pay('bob').replace('10.5', '10.50'), pay('bob').replace('"echo"', '"ech0"')]) {
    assert.equal((await send(approved, other)).body.error.data.reason, 'approval_required', other);
  }
  assert.equal(stage.recorder.sent(), sent, 'the MCP server saw nothing of what was not approved');

  const passed = await send(approved, pay('bob'));
  assert.equal(passed.body.result?.content?.[0].text, 'Echo: bob', JSON.stringify(passed.body));
  const second = await send(approved, pay('bob'));
  assert.equal(second.body.error.data.reason, 'approval_required', 'one approval is one execution');
  assert.notEqual(second.body.error.data.authorization_details[0].identifier, details[0].identifier);
  assert.equal(stage.recorder.sent().split('"echo"').length - 1, 1, 'carried out once');

  // Another token with the same approval has no second one.
  assert.equal((await send(await token(details), pay('bob'))).body.error.data.reason, 'approval_required');
});

test('What was approved stays here: the hop token holds none of it', async () => {
  const hops = bearerTokens(stage.recorder.sent());
  assert.ok(hops.length > 0);
  for (const hop of hops) {
    assert.equal(decodeJwt(hop).aud, outbound);
    assert.equal(decodeJwt(hop).authorization_details, undefined);
  }
});

/** A token of the user's, for the details that are asked for. */
async function token(details) {
  const resource = stage.gateway.url('/payments');
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const url = openid.buildAuthorizationUrl(stage.client, {
    redirect_uri: redirectUri,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    resource,
    scope: 'mcp:use',
    ...(details && { authorization_details: JSON.stringify(details) }),
  });
  const callback = await follow(url);
  assert.ok(callback.searchParams.has('code'), callback.href);
  const tokens = await openid.authorizationCodeGrant(stage.client, callback, { pkceCodeVerifier, expectedState }, { resource });
  return tokens.access_token;
}

async function send(accessToken, body) {
  const response = await fetch(stage.gateway.url('/payments'), {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body,
  });
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '', body: await response.json() };
}
