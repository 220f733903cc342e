// Clients in a real browser: the Inspector's page, a web application on another origin, and a sign-in by the gateway's front.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { startBehindGateway } from '../harness/behind-gateway.mjs';
import { startChromium } from '../harness/chromium.mjs';
import { startGateway } from '../harness/gateway.mjs';
import { bearerTokens, startRecorder } from '../harness/recorder.mjs';
import { onStage } from '../harness/stage.mjs';
import { startEntra } from '../peers/entra.mjs';
import { startEverything } from '../peers/everything.mjs';
import { callInPage, startInspector } from '../peers/inspector.mjs';
import { startTypeScriptServer } from '../peers/typescript.mjs';
import { startWebClient } from '../peers/web-client.mjs';

const said = 'over two hops';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const trace = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=1', baggage: 'page=web' };

let stage;

/** The client id of a web application. Its page cannot register itself: oidc-provider answers registrations to no other origin. */
async function registered(origin) {
  const answer = await fetch(`${stage.oidc.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ application_type: 'native', redirect_uris: [`${origin}/`], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' }),
  });
  assert.equal(answer.status, 201);
  return { client_id: (await answer.json()).client_id };
}

before(async () => {
  stage = await onStage(async (stage) => {
    const everything = stage.keep(await startRecorder(stage.keep(await startEverything('streamableHttp')).port));
    const typescript = stage.keep(await startRecorder(stage.keep(await startTypeScriptServer()).port));
    const web = stage.keep(await startWebClient());
    const stranger = stage.keep(await startWebClient());
    const behind = await startBehindGateway(stage, {
      everything: { destination: `http://127.0.0.1:${everything.port}/mcp` },
      typescript: { destination: `http://127.0.0.1:${typescript.port}/mcp`, AllowedOrigins: [web.origin] },
    });
    return { chromium: stage.keep(await startChromium()), everything, typescript, web, stranger, ...behind };
  });
});
after(() => stage?.stop());

test('The Inspector\'s page signs its user in and calls a tool', async () => {
  const inspector = await startInspector(stage.url('everything'));
  try {
    await callInPage(await stage.chromium.page(), inspector.url, said);
  } finally {
    await inspector.stop();
  }
  const [{ answer }] = stage.oidc.tokenRequests.filter(({ parameters }) => parameters.grant_type === 'authorization_code');
  assert.equal(decodeJwt(answer.access_token).aud, stage.url('everything'));
  const hops = bearerTokens(stage.everything.sent());
  assert.ok(hops.length > 0);
  for (const hop of hops) assert.equal(decodeJwt(hop).aud, 'https://everything.internal/mcp');
});

for (const mode of ['legacy', { pin: '2026-07-28' }]) {
  const name = mode.pin ?? mode;
  test(`A web application on another origin signs its user in and calls a tool, traced (${name})`, async () => {
    stage.typescript.clear();
    const page = await stage.chromium.page();
    const asked = [];
    page.on('request', (request) => request.url().startsWith(stage.web.origin) || asked.push(`${request.method()} ${request.url()}`));
    await page.goto(stage.web.address({ resource: stage.url('typescript'), registered: await registered(stage.web.origin), mode, said, trace }));
    await page.waitForFunction(() => document.querySelector('output')?.value);
    assert.equal(await page.locator('output').innerText(), `Echo: ${said}`, [...asked, ...stage.chromium.complaints].join('\n'));
    assert.ok(asked.includes(`GET ${stage.gateway.publicUrl}/.well-known/oauth-protected-resource/typescript`), asked.join('\n'));
    const sent = stage.typescript.sent();
    const requests = sent.match(/ HTTP\/1\.1\r\n/g).length;
    assert.equal(sent.match(new RegExp(`^traceparent: 00-${traceId}-[0-9a-f]{16}-01\r$`, 'gim'))?.length, requests, sent);
    assert.doesNotMatch(sent, /^(origin|cookie|sec-fetch-[a-z]+):/im);
    for (const hop of bearerTokens(sent)) assert.equal(decodeJwt(hop).aud, 'https://typescript.internal/mcp');
  });
}

test('A web application on an origin that is not allowed reaches nothing, with its user\'s own token', async () => {
  stage.typescript.clear();
  const token = await stage.token('typescript');
  const page = await stage.chromium.page();
  await page.goto(stage.stranger.address({ resource: stage.url('typescript'), mode: 'legacy', said, trace }));
  await page.waitForFunction(() => document.querySelector('output')?.value);
  assert.match(await page.locator('output').innerText(), /Failed to fetch/);
  const outcome = await page.evaluate(
    ([url, headers]) => fetch(url, { method: 'POST', headers, body: '{}' }).then(({ status }) => status, ({ message }) => message),
    [stage.url('typescript'), { authorization: `Bearer ${token}`, 'content-type': 'application/json' }],
  );
  assert.equal(outcome, 'Failed to fetch');
  assert.equal(stage.typescript.sent(), '');
});

test('A user signs in by the front\'s page, which knows the browser again by its cookie', async () => {
  const api = { id: '11111111-0000-4000-8000-000000000001', uri: 'api://gateway', scope: 'access' };
  const publicClient = { id: '11111111-0000-4000-8000-000000000003', redirectUris: ['http://localhost/oauth/callback'] };
  const { entra, inspector, stop } = await onStage(async (fronted) => {
    const entra = fronted.keep(await startEntra({ api, publicClient, secret: 'canary-entra-client-secret' }));
    const gateway = fronted.keep(await startGateway(() => ({
      AuthorizationServers: {
        entra: {
          Issuer: entra.issuer,
          Profile: 'entra-obo',
          Registration: { ClientId: publicClient.id, RedirectUris: ['http://localhost:*/oauth/callback'], Scopes: { everything: [`${api.uri}/${api.scope}`] } },
        },
      },
      Servers: {
        everything: {
          Destinations: [`http://127.0.0.1:${stage.everything.port}/mcp`],
          AcceptedAudiences: [api.id],
          AllowedClients: [publicClient.id],
          RequiredScopes: [api.scope],
          ScopePrefix: `${api.uri}/`,
          Outbound: { Mode: 'none' },
        },
      },
    })));
    return { entra, inspector: fronted.keep(await startInspector(gateway.url('/everything'))) };
  });
  try {
    const page = await stage.chromium.page();
    let cookies;
    await callInPage(page, inspector.url, said, async () => {
      await page.getByRole('heading', { name: 'Let this client sign in?' }).waitFor();
      cookies = await page.context().cookies();
      await page.getByRole('button', { name: 'Allow, and sign in' }).click();
    });
    const [{ name, secure, httpOnly, path }] = cookies;
    assert.deepEqual({ name, secure, httpOnly, path }, { name: '__Host-mcp-sign-in', secure: true, httpOnly: true, path: '/' });
    assert.ok(entra.requests.some(({ form }) => form.grant_type === 'authorization_code' && form.resource === undefined));
  } finally {
    await stop();
  }
});
