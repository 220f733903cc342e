// The main job with peers that nobody here wrote: the official client starts with nothing but the gateway's URL.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { newSigningKey, startGateway, writeSecret } from '../harness/gateway.mjs';
import { bearerTokens, startRecorder } from '../harness/recorder.mjs';
import { signIn } from '../harness/sign-in.mjs';
import { onStage } from '../harness/stage.mjs';
import { startEverything } from '../peers/everything.mjs';
import { startOidcProvider, tokenExchange } from '../peers/oidc-provider.mjs';

const scopes = ['mcp:use', 'mcp:call', 'mcp:admin'];
const outboundResource = 'https://everything.internal/mcp';

const inboundRules = {
  RequiredScopes: ['mcp:use', 'mcp:call'],
  Operations: [{ Method: 'tools/call', Name: 'get-sum', Scopes: ['mcp:admin'] }],
};

/** oidc-provider, the gateway, a recorder, server-everything. */
const scene = (mode) =>
  onStage(async (stage) => {
    const clientKeys = mode.authentication === 'private_key_jwt' && (await generateKeyPair('ES256', { extractable: true }));
    const clientKey = clientKeys && { ...(await exportJWK(clientKeys.publicKey)), alg: 'ES256', use: 'sig', kid: 'client' };
    const oidc = stage.keep(await startOidcProvider({ scopes, clientKey }));
    const everything = stage.keep(await startEverything('streamableHttp'));
    const recorder = stage.keep(await startRecorder(everything.port));
    const gateway = stage.keep(await startGateway(async ({ publicUrl, directory }) => {
      const files = { secret: join(directory, 'secret'), key: join(directory, 'client.pem'), signing: join(directory, 'signing') };
      await writeSecret(files.secret, oidc.secret);
      if (clientKeys) await writeSecret(files.key, await exportPKCS8(clientKeys.privateKey));
      if (mode.outbound === 'local') await newSigningKey(files.signing);
      const client = clientKeys
        ? { Authentication: 'private_key_jwt', KeyFile: files.key, KeyId: 'client' }
        : { Authentication: 'client_secret_basic', SecretFile: files.secret };
      return {
        AuthorizationServers: { corp: { Issuer: oidc.issuer, Client: mode.outbound === 'exchange' ? { Id: 'mcp-gateway', ...client } : null } },
        LocalIssuer: mode.outbound === 'local' ? { Issuer: `${publicUrl}/hop`, KeyDirectory: files.signing } : null,
        Servers: {
          everything: {
            Destinations: [`http://127.0.0.1:${recorder.port}/mcp`],
            ...inboundRules,
            Outbound:
              mode.outbound === 'exchange'
                ? { Mode: 'exchange', AuthorizationServer: 'corp', Resource: outboundResource }
                : { Mode: 'local', Resource: outboundResource },
          },
        },
      };
    }));
    const resource = gateway.url('/everything');
    oidc.allow({ inbound: [resource], outbound: [outboundResource] });
    return { oidc, recorder, gateway, resource };
  });

const post = (resource, message, headers) =>
  fetch(resource, {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  });

const initialize = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'interop', version: '1.0.0' } },
};

for (const mode of [
  { name: 'a token exchange with client_secret_basic', outbound: 'exchange', authentication: 'client_secret_basic' },
  { name: 'a token exchange with private_key_jwt', outbound: 'exchange', authentication: 'private_key_jwt' },
  { name: 'the local issuer', outbound: 'local' },
]) {
  describe(`Through ${mode.name}`, () => {
    let peers;
    let session;
    before(async () => {
      peers = await scene(mode);
    });
    after(async () => {
      await session?.client.close();
      await peers?.stop();
    });

    test(`A client that knows only the URL reaches the tools (${mode.name})`, async () => {
      session = await signIn(peers.resource);
      await session.connect();
      const { tools } = await session.client.listTools();
      assert.ok(tools.some((tool) => tool.name === 'echo'), 'tools/list names echo');
      const result = await session.client.callTool({ name: 'echo', arguments: { message: 'over two hops' } });
      assert.match(result.content[0].text, /over two hops/);
    });

    test(`It was led there step by step (${mode.name})`, () => {
      const steps = session.fetched.map(({ method, url, status }) => `${method} ${url} ${status}`);
      const expected = [
        `POST ${peers.resource} 401`,
        `GET ${peers.gateway.publicUrl}/.well-known/oauth-protected-resource/everything 200`,
        `GET ${peers.oidc.issuer}/.well-known/oauth-authorization-server 200`,
        `POST ${peers.oidc.issuer}/reg 201`,
        `POST ${peers.oidc.issuer}/token 200`,
        `POST ${peers.resource} 200`,
      ];
      // The SDK reads the two documents once more after the redirect; the order of first occurrence is the walk.
      assert.deepEqual([...new Set(steps)].slice(0, expected.length), expected);
      const challenge = session.fetched[0].headers.get('www-authenticate');
      assert.match(challenge, /^Bearer /);
      assert.match(challenge, new RegExp(`resource_metadata="${peers.gateway.publicUrl}/.well-known/oauth-protected-resource/everything"`));
      assert.doesNotMatch(challenge, /error=/);
      assert.equal(session.user.authorizationUrl.searchParams.get('code_challenge_method'), 'S256');
      assert.equal(session.user.authorizationUrl.searchParams.get('resource'), peers.resource);
    });

    test(`Its token is for exactly this resource (${mode.name})`, async () => {
      const { access_token: inbound } = session.user.tokens();
      const { payload } = await jwtVerify(inbound, peers.oidc.keys, { issuer: peers.oidc.issuer, typ: 'at+jwt' });
      assert.equal(payload.aud, peers.resource);
    });

    test(`The MCP server saw hop tokens for itself and nothing else (${mode.name})`, async () => {
      const { access_token: inbound } = session.user.tokens();
      const sent = peers.recorder.sent();
      const hops = bearerTokens(sent);
      assert.ok(hops.length > 0, 'the recorder saw a token');
      assert.equal(sent.match(/^authorization:/gim).length, sent.match(/ HTTP\/1\.1\r\n/g).length, 'one token per request');
      const subject = decodeJwt(inbound);
      const local = mode.outbound === 'local';
      const issuer = local ? `${peers.gateway.publicUrl}/hop` : peers.oidc.issuer;
      const keys = local ? createLocalJWKSet(await (await fetch(`${issuer}/jwks`)).json()) : peers.oidc.keys;
      for (const hop of hops) {
        assert.notEqual(hop, inbound);
        const { payload, protectedHeader } = await jwtVerify(hop, keys, { issuer, typ: 'at+jwt', audience: outboundResource });
        assert.equal(payload.aud, outboundResource, 'one audience, the MCP server');
        assert.equal(payload.sub, subject.sub);
        assert.equal(payload.client_id, local ? subject.client_id : 'mcp-gateway');
        assert.equal(payload.act.sub, local ? peers.resource : 'mcp-gateway');
        assert.ok(payload.scope.split(' ').every((scope) => subject.scope.split(' ').includes(scope)), 'no scope was added');
        assert.ok(payload.exp <= subject.exp || !local, 'a minted token does not outlive the one it stands for');
        assert.equal(protectedHeader.alg, 'ES256');
      }
    });

    test(`No secret of the inbound side is in a byte sent to the MCP server or printed (${mode.name})`, async () => {
      const tokens = session.user.tokens();
      const canary = (name) => `canary-${name}-5b1f9e`;
      const response = await post(peers.resource, initialize, {
        authorization: `Bearer ${tokens.access_token}`,
        cookie: `session=${canary('cookie')}`,
        'proxy-authorization': `Basic ${canary('proxy')}`,
        'x-api-key': canary('key'),
        'x-forwarded-for': canary('address'),
        'txn-token': canary('txn'),
      });
      assert.equal(response.status, 200);
      await response.text();
      const secrets = {
        'the inbound token': tokens.access_token,
        'its signature': tokens.access_token.split('.')[2],
        'the refresh token': tokens.refresh_token,
        'the authorization code': session.user.code,
        'the code verifier': session.user.codeVerifier(),
        'the client secret': peers.oidc.secret,
        'the client secret in base64': Buffer.from(`mcp-gateway:${peers.oidc.secret}`).toString('base64'),
        'a canary header': 'canary-',
        ...Object.fromEntries([...session.user.cookies].map(([name, value]) => [`the cookie ${name}`, value])),
      };
      for (const [name, secret] of Object.entries(secrets)) {
        assert.ok(secret, `${name} exists`);
        assert.ok(!peers.recorder.sent().includes(secret), `${name} is not sent to the MCP server`);
        assert.ok(!peers.gateway.printed().includes(secret), `${name} is not printed by the gateway`);
      }
      for (const hop of bearerTokens(peers.recorder.sent())) {
        assert.ok(!peers.gateway.printed().includes(hop.split('.')[2]), 'no hop token is printed either');
      }
    });

    test(`What the gateway asks for in exchange is one target (${mode.name})`, () => {
      const exchanges = peers.oidc.tokenRequests.filter(({ parameters }) => parameters.grant_type === tokenExchange);
      if (mode.outbound === 'local') return assert.equal(exchanges.length, 0, 'the authorization server is not asked');
      assert.ok(exchanges.length > 0);
      for (const { parameters, authorization, status } of exchanges) {
        assert.equal(status, 200);
        assert.equal(parameters.subject_token, session.user.tokens().access_token);
        assert.equal(parameters.resource, outboundResource);
        assert.equal(parameters.audience, undefined);
        assert.equal(parameters.subject_token_type, 'urn:ietf:params:oauth:token-type:access_token');
        assert.equal(parameters.requested_token_type, 'urn:ietf:params:oauth:token-type:access_token');
        if (mode.authentication === 'private_key_jwt') {
          const assertion = decodeJwt(parameters.client_assertion);
          assert.deepEqual([assertion.iss, assertion.sub, assertion.aud], ['mcp-gateway', 'mcp-gateway', peers.oidc.issuer]);
          assert.ok(assertion.exp - assertion.iat <= 60);
          assert.equal(decodeProtectedHeader(parameters.client_assertion).typ, 'client-authentication+jwt');
          assert.equal(authorization, '');
        } else {
          assert.match(authorization, /^Basic /);
        }
      }
    });

    test(`A hop token is refused at the gateway, before anything is sent (${mode.name})`, async () => {
      const [hop] = bearerTokens(peers.recorder.sent());
      peers.recorder.clear();
      const asked = peers.oidc.tokenRequests.length;
      const response = await post(peers.resource, initialize, { authorization: `Bearer ${hop}` });
      assert.equal(response.status, 401);
      assert.equal((await response.json()).reason, mode.outbound === 'local' ? 'issuer_unknown' : 'audience_invalid');
      assert.equal(peers.recorder.sent(), '');
      assert.equal(peers.oidc.tokenRequests.length, asked);
    });

    test(`A tool that needs more scope is reached by stepping up (${mode.name})`, async () => {
      const { client, user, connect } = await signIn(peers.resource);
      const transport = await connect();
      user.forgetAllButAccessToken();
      const call = () => client.callTool({ name: 'get-sum', arguments: { a: 2, b: 3 } });
      await assert.rejects(call(), UnauthorizedError);
      assert.equal(user.authorizationUrl.searchParams.get('scope').split(' ').sort().join(' '), 'mcp:admin mcp:call mcp:use');
      await transport.finishAuth(user.code);
      // It has registered anew, and a session belongs to the client that began it.
      await client.close();
      await connect();
      assert.match((await call()).content[0].text, /5/);
      await client.close();
    });

    if (mode.authentication === 'client_secret_basic') {
      test('An authorization server that answers for another audience is refused, and nothing is sent', async () => {
        peers.oidc.allow({ outbound: ['https://other.internal/mcp'] });
        peers.oidc.answerEveryExchangeFor('https://other.internal/mcp');
        const { user } = await signIn(peers.resource);
        peers.recorder.clear();
        const response = await post(peers.resource, initialize, { authorization: `Bearer ${user.tokens().access_token}` });
        assert.equal(response.status, 502);
        assert.equal((await response.json()).reason, 'exchange_result_rejected');
        assert.equal(peers.recorder.sent(), '');
      });
    }
  });
}
