// Clients that cannot register: everything through the gateway's front at an authorization server that behaves as Entra does.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { decodeJwt, jwtVerify } from 'jose';
import { Browser } from '../harness/browser.mjs';
import { startGateway, writeSecret } from '../harness/gateway.mjs';
import { HeadlessUser } from '../harness/headless-user.mjs';
import { freePort, listen } from '../harness/loopback.mjs';
import { eventually, packages } from '../harness/processes.mjs';
import { bearerTokens, startRecorder } from '../harness/recorder.mjs';
import { signIn } from '../harness/sign-in.mjs';
import { onStage } from '../harness/stage.mjs';
import { signInWithCSharp } from '../peers/csharp.mjs';
import { startEntra } from '../peers/entra.mjs';
import { startEverything } from '../peers/everything.mjs';

const api = { id: '11111111-0000-4000-8000-000000000001', uri: 'api://gateway', scope: 'access' };
const behind = { id: '11111111-0000-4000-8000-000000000002', uri: 'api://everything', scope: 'tools' };
const publicClient = { id: '11111111-0000-4000-8000-000000000003', redirectUris: ['http://127.0.0.1/callback', 'http://localhost/oauth/callback'] };
const secret = 'canary-entra-client-secret';
const said = 'over two hops';

let stage;
before(async () => {
  stage = await onStage(async (stage) => {
    const entra = stage.keep(await startEntra({ api, behind, publicClient, secret }));
    const recorder = stage.keep(await startRecorder(stage.keep(await startEverything('streamableHttp')).port));
    const server = (more) => ({
      Destinations: [`http://127.0.0.1:${recorder.port}/mcp`],
      AllowedClients: [publicClient.id],
      RequiredScopes: [api.scope],
      ScopePrefix: `${api.uri}/`,
      ...more,
    });
    const gateway = stage.keep(await startGateway(async ({ directory }) => {
      await writeSecret(join(directory, 'secret'), secret);
      return {
        AuthorizationServers: {
          entra: {
            Issuer: entra.issuer,
            Profile: 'entra-obo',
            Client: { Id: api.id, Authentication: 'client_secret_post', SecretFile: join(directory, 'secret') },
            Registration: {
              ClientId: publicClient.id,
              RedirectUris: ['http://127.0.0.1:*/callback', 'http://localhost:*/oauth/callback'],
              Scopes: { everything: [`${api.uri}/${api.scope}`, 'offline_access'] },
            },
          },
        },
        Servers: {
          everything: server({
            AcceptedAudiences: [api.id],
            Outbound: { Mode: 'exchange', AuthorizationServer: 'entra', Audience: behind.uri, ResultAudiences: [behind.id], ScopeMap: [{ Inbound: api.scope, Outbound: [behind.scope] }] },
          }),
          // The same without the front.
          direct: server({ Outbound: { Mode: 'none' } }),
        },
      };
    }));
    return { entra, recorder, gateway, resource: gateway.url('/everything') };
  });
});
after(() => stage?.stop());

test('Without the front no client gets anywhere there', async () => {
  await assert.rejects(signIn(stage.gateway.url('/direct')), /registration/i);
  const { authorization_endpoint: endpoint } = await (await fetch(`${stage.entra.issuer}/.well-known/openid-configuration`)).json();
  const query = new URLSearchParams({ response_type: 'code', client_id: publicClient.id, redirect_uri: 'http://127.0.0.1/callback', scope: `${api.uri}/${api.scope}`, resource: stage.gateway.url('/direct'), state: 's' });
  const { headers } = await fetch(`${endpoint}?${query}`, { redirect: 'manual' });
  assert.match(new URL(headers.get('location')).searchParams.get('error_description'), /^AADSTS9010010/);
});

let session;
test('@modelcontextprotocol/sdk signs in from nothing but the URL, by a page that its user consents to', async () => {
  session = await signIn(stage.resource);
  await session.connect();
  const { tools } = await session.client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'echo'));
  const { content } = await session.client.callTool({ name: 'echo', arguments: { message: said } });
  assert.match(content[0].text, /over two hops/);
  await session.client.close();

  const issuer = `${stage.gateway.publicUrl}/oauth/entra`;
  const steps = new Set(session.fetched.map(({ method, url, status }) => `${method} ${url} ${status}`));
  for (const step of [`GET ${stage.gateway.publicUrl}/.well-known/oauth-authorization-server/oauth/entra 200`, `POST ${issuer}/register 201`, `POST ${issuer}/token 200`]) assert.ok(steps.has(step), `${step} of ${[...steps]}`);
  assert.equal(session.user.clientInformation().client_secret, undefined);
  const [page] = session.user.browser.pages;
  for (const shown of ['127.0.0.1:80', 'everything', `${api.uri}/${api.scope}`]) assert.ok(page.includes(shown), shown);
});

test('Its token is the authorization server\'s own, for the application of this server alone', async () => {
  const { payload } = await jwtVerify(session.user.tokens().access_token, stage.entra.keys, { issuer: stage.entra.issuer, audience: api.id });
  assert.equal(payload.azp, publicClient.id);
  assert.equal(payload.scp, api.scope);
});

test('Behind the gateway it is exchanged on behalf of the user', () => {
  const hops = bearerTokens(stage.recorder.sent());
  assert.ok(hops.length > 0);
  for (const hop of hops) {
    const payload = decodeJwt(hop);
    assert.equal(payload.aud, behind.id);
    assert.equal(payload.oid, 'alice');
    assert.equal(payload.scp, behind.scope);
  }
});

test('What arrived at the authorization server is what the front lets pass, and never a resource', () => {
  const authorize = stage.entra.requests.filter(({ path, query }) => path.endsWith('/authorize') && query.state !== 's');
  assert.ok(authorize.length > 0);
  for (const { query } of authorize)
    assert.deepEqual(Object.keys(query).sort(), ['client_id', 'code_challenge', 'code_challenge_method', 'redirect_uri', 'response_type', 'scope', 'state']);
  const tokens = stage.entra.requests.filter(({ path, form }) => path.endsWith('/token') && form.grant_type === 'authorization_code');
  for (const { form, headers } of tokens) {
    assert.deepEqual(Object.keys(form).sort(), ['client_id', 'code', 'code_verifier', 'grant_type', 'redirect_uri']);
    for (const name of ['authorization', 'cookie', 'origin', 'baggage']) assert.equal(headers[name], undefined, name);
  }
});

test('Its refresh token is passed on', async () => {
  const before = session.user.tokens();
  assert.equal(await auth(session.user, { serverUrl: stage.resource, resourceMetadataUrl: new URL(`${stage.gateway.publicUrl}/.well-known/oauth-protected-resource/everything`) }), 'AUTHORIZED');
  assert.notEqual(session.user.tokens().access_token, before.access_token);
  assert.equal(stage.entra.requests.at(-1).form.grant_type, 'refresh_token');
});

test('Who has consented once is asked again, for whichever client it is', async () => {
  const again = await fetch(session.user.authorizationUrl, { redirect: 'manual', headers: { cookie: [...session.user.cookies].map(([name, value]) => `${name}=${value}`).join('; ') } });
  assert.equal(again.status, 200);
  assert.equal(again.headers.get('location'), null);
});

for (const mode of ['legacy', 'auto'])
  test(`@modelcontextprotocol/client signs in (${mode})`, async () => {
    const user = new HeadlessUser();
    const client = new Client({ name: 'interop', version: '1.0.0' }, { versionNegotiation: { mode } });
    const transport = () => new StreamableHTTPClientTransport(new URL(stage.resource), { authProvider: user });
    const first = transport();
    await assert.rejects(client.connect(first), (error) => /unauthorized/i.test(`${error.name} ${error.message}`));
    await first.finishAuth(user.callback.searchParams);
    await client.connect(transport());
    const { content } = await client.callTool({ name: 'echo', arguments: { message: said } });
    assert.match(content[0].text, /over two hops/);
    await client.close();
  });

test('The C# client signs in', async () => {
  const browser = new Browser();
  const { port, close } = await listen(http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost').searchParams.get('url');
    await browser.visit(url, 'http://127.0.0.1/callback').then((callback) => response.end(callback.href), (error) => response.writeHead(500).end(String(error)));
  }));
  try {
    assert.match(await signInWithCSharp(stage.resource, `http://127.0.0.1:${port}/`), /over two hops/);
  } finally {
    await close();
  }
});

test('mcp-remote signs in, for clients that speak stdio alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mcp-remote-'));
  const callback = await freePort();
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(packages, 'mcp-remote/dist/proxy.js'), stage.resource, String(callback)],
    // Its user has no screen: what it would open, it also prints.
    env: { PATH: '/nowhere', HOME: directory, MCP_REMOTE_CONFIG_DIR: directory },
    stderr: 'pipe',
  });
  let printed = '';
  transport.stderr.on('data', (chunk) => (printed += chunk));
  const client = new LegacyClient({ name: 'interop', version: '1.0.0' });
  try {
    const connected = client.connect(transport, { timeout: 60_000 });
    const url = await eventually('It names where to sign in', () => /visiting:\s+(http\S+)/.exec(printed)?.[1], { deadline: 30_000, giveUp: () => undefined });
    const back = await new Browser().visit(url, `http://localhost:${callback}/oauth/callback`);
    await (await fetch(back)).text();
    await connected;
    const { content } = await client.callTool({ name: 'echo', arguments: { message: said } });
    assert.match(content[0].text, /over two hops/);
  } catch (error) {
    throw new Error(`${error.message}\n${printed}`, { cause: error });
  } finally {
    await client.close();
    await rm(directory, { recursive: true, force: true });
  }
});

test('No code, verifier, token or secret of all this was printed', () => {
  const { form } = stage.entra.requests.find(({ form }) => form.grant_type === 'authorization_code');
  const tokens = session.user.tokens();
  for (const [name, text] of Object.entries({ code: form.code, verifier: form.code_verifier, 'access token': tokens.access_token.split('.')[2], 'refresh token': tokens.refresh_token, secret }))
    assert.ok(!stage.gateway.printed().includes(text), name);
});
