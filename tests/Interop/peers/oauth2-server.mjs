// @jmondi/oauth2-server as a security token service: its built-in RFC 8693 grant, which omits `issued_token_type`.
import { randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import { AuthorizationServer, DateInterval, OAuthException } from '@jmondi/oauth2-server';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { listen } from '../harness/loopback.mjs';
import { tokenExchange } from './oidc-provider.mjs';

/** Exchanges tokens of the authorization server `trusted` for tokens to the resources in `allow`. */
export async function startOAuth2Server({ trusted, scopes }) {
  const server = http.createServer();
  const { port, close } = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'signing' };
  const secret = randomBytes(32).toString('base64url');
  const client = { id: 'mcp-gateway', name: 'The gateway', secret, redirectUris: [], allowedGrants: [tokenExchange], scopes: [] };
  const resources = new Set();
  const answers = [];

  const grants = new AuthorizationServer(
    {
      getByIdentifier: async (id) => (id === client.id ? client : undefined),
      isClientValid: async (grant, asking, given) => client.allowedGrants.includes(grant) && given === asking.secret,
    },
    {
      issueToken: async (asking, granted, user) => ({ accessToken: randomUUID(), accessTokenExpiresAt: new DateInterval('5m').getEndDate(), client: asking, user, scopes: granted }),
      persist: async () => {},
    },
    {
      getAllByIdentifiers: async (names) => names.filter((name) => scopes.includes(name)).map((name) => ({ name })),
      finalize: async (granted) => granted,
    },
    {
      verify: async () => ({}),
      decode: () => null,
      sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: jwk.kid }).sign(privateKey),
      extraTokenFields: ({ user, client: { id } }) => ({ iss: issuer, aud: user.resource, client_id: id }),
    },
    { issuer },
  );
  grants.enableGrantType(
    {
      grant: tokenExchange,
      async processTokenExchange({ resource, subjectToken }) {
        if (!resources.has(resource)) throw OAuthException.badRequest('resource');
        const { payload } = await jwtVerify(subjectToken, trusted.keys, { issuer: trusted.issuer, typ: 'at+jwt' });
        return { id: payload.sub, resource };
      },
    },
    new DateInterval('5m'),
  );

  server.on('request', async (request, response) => {
    const json = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/.well-known/oauth-authorization-server') return json(200, { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token`, response_types_supported: [], grant_types_supported: [tokenExchange] });
    if (request.url === '/jwks') return json(200, { keys: [jwk] });
    if (request.url !== '/token') return json(404, {});
    try {
      let form = '';
      for await (const chunk of request.setEncoding('utf8')) form += chunk;
      const { status, body } = await grants.respondToAccessTokenRequest({ headers: request.headers, query: {}, body: Object.fromEntries(new URLSearchParams(form)) });
      answers.push(body);
      json(status, body);
    } catch (error) {
      json(error.status ?? 500, { error: error.errorType ?? 'server_error' });
    }
  });

  return { issuer, keys: createLocalJWKSet({ keys: [jwk] }), secret, answers, allow: (resource) => resources.add(resource), close };
}
