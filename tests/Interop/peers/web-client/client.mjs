// A web application with the official client, on an origin of its own: signs its user in by leaving the page and coming
// back, calls `echo`, and traces its calls as instrumented pages do. The fragment of its address says what to do.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const { resource, registered, mode, said, trace } = JSON.parse(sessionStorage.task ??= decodeURIComponent(location.hash.slice(1)));
const kept = (name) => ({ get: () => sessionStorage[name] && JSON.parse(sessionStorage[name]), set: (value) => void (sessionStorage[name] = JSON.stringify(value)) });
const [tokens, verifier, state, discovery] = ['tokens', 'verifier', 'state', 'discovery'].map(kept);

const user = {
  redirectUrl: `${location.origin}/`,
  clientMetadata: {
    client_name: 'Web application',
    redirect_uris: [`${location.origin}/`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  state: () => (state.set(crypto.randomUUID()), state.get()),
  clientInformation: () => registered,
  tokens: tokens.get,
  saveTokens: tokens.set,
  codeVerifier: verifier.get,
  saveCodeVerifier: verifier.set,
  discoveryState: discovery.get,
  saveDiscoveryState: discovery.set,
  redirectToAuthorization: (url) => void (location.href = url),
};

// What OpenTelemetry's instrumentation of fetch adds, for the origins that it is told of.
const traced = (input, init) => {
  const headers = new Headers(init?.headers);
  if (new URL(input).origin === new URL(resource).origin) for (const [name, value] of Object.entries(trace)) headers.set(name, value);
  return fetch(input, { ...init, headers });
};
const transport = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider: user, fetch: traced });

async function call() {
  const back = new URLSearchParams(location.search);
  if (back.has('code')) {
    if (back.get('state') !== state.get()) throw new Error('an answer to somebody else');
    await transport().finishAuth(back);
  }
  const mcp = new Client({ name: 'web', version: '1.0.0' }, { versionNegotiation: { mode } });
  await mcp.connect(transport());
  const { content } = await mcp.callTool({ name: 'echo', arguments: { message: said } });
  await mcp.close();
  return content[0].text;
}

const show = (text) => void (document.querySelector('output').value = text);
call().then(show, (error) => error instanceof UnauthorizedError || show(`${error.name}: ${error.message}`));
