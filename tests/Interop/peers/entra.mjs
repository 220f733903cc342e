// An authorization server that behaves as Microsoft documents Entra ID: OpenID discovery alone, no registration, a
// `resource` that must be the identifier URI of the scopes' application, tokens for an application's id, on-behalf-of.
import { createHash, randomUUID } from 'node:crypto';
import http from 'node:http';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { listen } from '../harness/loopback.mjs';

const tenant = '7ad1a1b2-0000-4000-8000-000000000001';

/**
 * `api` and `behind` are applications that own scopes: { id, uri, scope }; `publicClient` is { id, redirectUris } of the platform
 * "Mobile and desktop applications"; `secret` is that of `api` as a client.
 */
export async function startEntra({ api, behind, publicClient, secret }) {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = 'entra';
  const published = { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig', kid }] };
  const keys = createLocalJWKSet(published);
  const codes = new Map();
  const refreshTokens = new Map();
  const requests = [];
  const server = http.createServer((request, response) => answer(request, response).catch((error) => response.writeHead(500).end(String(error))));
  const { port, close } = await listen(server);
  const origin = `http://127.0.0.1:${port}`;
  const issuer = `${origin}/${tenant}/v2.0`;

  const json = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }).end(JSON.stringify(body));
  const aads = (number, text) => `AADSTS${number}: ${text} Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()} Timestamp: 2026-11-01 12:00:00Z`;
  const fail = (response, error, number, text) => json(response, error === 'invalid_client' ? 401 : 400, { error, error_description: aads(number, text), error_codes: [number], timestamp: '2026-11-01 12:00:00Z', trace_id: randomUUID(), correlation_id: randomUUID() });
  const page = (response, number, text) => response.writeHead(400, { 'content-type': 'text/html' }).end(`<p>${aads(number, text)}</p>`);

  function mint({ app, client, oid, scp }) {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ azp: client, azpacr: '0', name: 'Alice', oid, preferred_username: 'alice@example.com', scp, tid: tenant, uti: randomUUID(), ver: '2.0' })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
      .setIssuer(issuer)
      // Pairwise: another for each application.
      .setSubject(createHash('sha256').update(oid + app.id).digest('base64url'))
      .setAudience(app.id)
      .setIssuedAt(now).setNotBefore(now).setExpirationTime(now + 3900)
      .sign(privateKey);
  }

  // Entra looks past the port of loopback.
  const isRegistered = (uri) => publicClient.redirectUris.includes(uri.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1)):\d+/, '$1'));

  async function answer(request, response) {
    const url = new URL(request.url, origin);
    const form = new URLSearchParams((await Array.fromAsync(request)).join(''));
    requests.push({ method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), form: Object.fromEntries(form), headers: request.headers });
    switch (url.pathname) {
      case `/${tenant}/v2.0/.well-known/openid-configuration`:
        return json(response, 200, {
          issuer,
          authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
          token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
          jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
          response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
          response_modes_supported: ['query', 'fragment', 'form_post'],
          subject_types_supported: ['pairwise'],
          id_token_signing_alg_values_supported: ['RS256'],
          token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
        });
      case `/${tenant}/discovery/v2.0/keys`:
        return json(response, 200, published);
      case `/${tenant}/oauth2/v2.0/authorize`:
        return authorize(response, Object.fromEntries(url.searchParams));
      case `/${tenant}/oauth2/v2.0/token`:
        return token(response, Object.fromEntries(form), request.headers);
      default:
        return response.writeHead(404).end();
    }
  }

  function authorize(response, query) {
    if (query.client_id !== publicClient.id) return page(response, 700016, `Application with identifier '${query.client_id}' was not found in the directory.`);
    if (!isRegistered(query.redirect_uri ?? '')) return page(response, 50011, 'The redirect URI specified in the request does not match the redirect URIs configured for the application.');
    const back = new URL(query.redirect_uri);
    const redirect = (parameters) => {
      for (const [name, value] of Object.entries({ ...parameters, state: query.state })) back.searchParams.set(name, value);
      response.writeHead(302, { location: back.href }).end();
    };
    const scopes = (query.scope ?? '').split(' ').filter((scope) => !['openid', 'profile', 'email', 'offline_access'].includes(scope));
    if (query.resource !== undefined && query.resource !== api.uri) return redirect({ error: 'invalid_target', error_description: aads(9010010, 'The resource parameter provided in the request doesn\'t match with the requested scopes.') });
    if (scopes.length !== 1 || scopes[0] !== `${api.uri}/${api.scope}`) return redirect({ error: 'invalid_scope', error_description: aads(70011, `The provided value for the input parameter 'scope' is not valid.`) });
    const code = `1.${randomUUID()}`;
    codes.set(code, { redirectUri: query.redirect_uri, challenge: query.code_challenge, method: query.code_challenge_method, offline: query.scope.includes('offline_access') });
    redirect({ code, session_state: randomUUID() });
  }

  async function token(response, form, headers) {
    if (headers.origin) return fail(response, 'invalid_request', 9002326, 'Cross-origin token redemption is permitted only for the \'Single-Page Application\' client-type.');
    if (form.resource !== undefined) return fail(response, 'invalid_request', 901002, 'The \'resource\' request parameter is not supported.');
    const issue = async (offline) => {
      const refresh = offline && `0.${randomUUID()}`;
      if (refresh) refreshTokens.set(refresh, true);
      json(response, 200, {
        token_type: 'Bearer', scope: `${api.uri}/${api.scope}`, expires_in: 3899, ext_expires_in: 3899,
        access_token: await mint({ app: api, client: publicClient.id, oid: 'alice', scp: api.scope }),
        ...(refresh ? { refresh_token: refresh } : {}),
      });
    };
    switch (form.grant_type) {
      case 'authorization_code': {
        if (form.client_id !== publicClient.id) return fail(response, 'unauthorized_client', 700016, 'Application was not found in the directory.');
        const known = codes.get(form.code);
        codes.delete(form.code);
        if (!known) return fail(response, 'invalid_grant', 54005, 'OAuth2 Authorization code was already redeemed, please retry with a new valid code.');
        if (known.redirectUri !== form.redirect_uri) return fail(response, 'invalid_grant', 500112, 'The reply address does not match the reply address provided when requesting Authorization code.');
        if (known.method !== 'S256' || createHash('sha256').update(form.code_verifier ?? '').digest('base64url') !== known.challenge) return fail(response, 'invalid_grant', 501481, 'The Code_Verifier does not match the code_challenge supplied in the authorization request.');
        return issue(known.offline);
      }
      case 'refresh_token':
        if (form.client_id !== publicClient.id) return fail(response, 'unauthorized_client', 700016, 'Application was not found in the directory.');
        return refreshTokens.has(form.refresh_token) ? issue(true) : fail(response, 'invalid_grant', 9002313, 'Invalid request. Request is malformed or invalid.');
      case 'urn:ietf:params:oauth:grant-type:jwt-bearer': {
        if (form.client_id !== api.id || form.client_secret !== secret) return fail(response, 'invalid_client', 7000215, 'Invalid client secret provided.');
        const { payload } = await jwtVerify(form.assertion, keys, { issuer }).catch(() => ({ payload: {} }));
        if (payload.aud !== api.id) return fail(response, 'invalid_grant', 500131, 'Assertion audience does not match the Client app presenting the assertion.');
        if (form.requested_token_use !== 'on_behalf_of' || form.scope !== `${behind.uri}/.default`) return fail(response, 'invalid_scope', 70011, 'The provided value for the input parameter \'scope\' is not valid.');
        return json(response, 200, {
          token_type: 'Bearer', scope: `${behind.uri}/${behind.scope}`, expires_in: 3899, ext_expires_in: 3899,
          access_token: await mint({ app: behind, client: api.id, oid: payload.oid, scp: behind.scope }),
        });
      }
      default:
        return fail(response, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
    }
  }

  return { issuer, origin, keys, requests, close };
}
