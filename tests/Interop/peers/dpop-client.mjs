// An MCP client whose tokens are bound to a key: the official transport over openid-client's DPoP. It knows nothing but
// the URL of one MCP server; the authorization server has to be one without a person (it redirects at once).
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import * as openid from 'openid-client';

export const redirectUri = 'http://127.0.0.1/callback';
const insecure = { execute: [openid.allowInsecureRequests] };

/** Signs in; answers { accessToken, fetch, connect, seen }: `fetch` proves every request, `seen` is what was answered. */
export async function signInWithProof(resource, { scope } = {}) {
  const refused = await fetch(resource, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
  const challenge = refused.headers.get('www-authenticate') ?? '';
  const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? new URL(`/.well-known/oauth-protected-resource${new URL(resource).pathname}`, resource).href;
  const metadata = await (await fetch(metadataUrl)).json();
  const asked = scope ?? /scope="([^"]+)"/.exec(challenge)?.[1] ?? metadata.scopes_supported?.join(' ');
  const issuer = new URL(metadata.authorization_servers[0]);
  const configuration = await openid.discovery(issuer, 'unregistered', undefined, openid.None(), { algorithm: 'oauth2', ...insecure });
  const client = await register(configuration.serverMetadata().registration_endpoint);
  const registered = new openid.Configuration(configuration.serverMetadata(), client.client_id, undefined, client.client_secret ? openid.ClientSecretPost(client.client_secret) : openid.None());
  openid.allowInsecureRequests(registered);
  const keys = await openid.randomDPoPKeyPair('ES256');
  const DPoP = openid.getDPoPHandle(registered, keys);
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const expectedState = openid.randomState();
  const authorization = openid.buildAuthorizationUrl(registered, {
    redirect_uri: redirectUri,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    resource,
    ...(asked && { scope: asked }),
  });
  const callback = await follow(authorization);
  const tokens = await openid.authorizationCodeGrant(registered, callback, { pkceCodeVerifier, expectedState }, { resource }, { DPoP });
  const seen = [];
  const proving = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.delete('authorization');
    let response;
    try {
      response = await openid.fetchProtectedResource(registered, tokens.access_token, new URL(String(input)), init.method ?? 'GET', init.body, headers, { DPoP, signal: init.signal });
    } catch (error) {
      if (!error.response) throw error;
      response = error.response;
    }
    seen.push({ method: init.method ?? 'GET', status: response.status, type: response.headers.get('content-type') });
    return response;
  };
  return {
    metadata,
    challenge,
    accessToken: tokens.access_token,
    tokenType: tokens.token_type,
    seen,
    fetch: proving,
    async connect(sessionId) {
      const client = new Client({ name: 'dpop', version: '1.0.0' });
      const transport = new StreamableHTTPClientTransport(new URL(resource), { fetch: proving, sessionId });
      await client.connect(transport);
      return { client, transport };
    },
  };
}

// By hand: openid-client holds answers to RFC 7591 more strictly than the suite's own authorization server gives them.
export async function register(endpoint, more = { dpop_bound_access_tokens: true }) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'dpop',
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...more,
    }),
  });
  if (response.status !== 201) throw new Error(`The registration was answered with ${response.status}: ${await response.text()}`);
  return response.json();
}

export async function follow(start) {
  const cookies = new Map();
  let url = start;
  for (let hop = 0; hop < 10; hop += 1) {
    const response = await fetch(url, { redirect: 'manual', headers: cookies.size ? { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') } : {} });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`The authorization server answered ${response.status} at ${url}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(redirectUri)) return url;
  }
  throw new Error('The authorization server redirected more than ten times.');
}

// As a program, for the conformance suite: dpop-client.mjs URL
if (process.argv[1] === new URL(import.meta.url).pathname) {
  const session = await signInWithProof(process.argv.at(-1));
  const { client } = await session.connect();
  const { tools } = await client.listTools();
  if (tools.length > 0) await client.callTool({ name: tools[0].name, arguments: {} }).catch(() => {});
  await client.close();
}
