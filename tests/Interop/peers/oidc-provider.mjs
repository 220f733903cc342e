// oidc-provider as the authorization server: dynamic registration, authorization code with PKCE, resource indicators
// answered with RFC 9068 tokens, and RFC 8693 token exchange. Users consent by following redirects.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';
import { checkDpopReplay, validateDpop } from 'oidc-provider/lib/helpers/grants.js';
import { listen } from '../harness/loopback.mjs';

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * `scopes` are known at every resource. Resources are added with `allow`: a user may ask for tokens to an `inbound`
 * one, and a client that holds such a token may exchange it for one to an `outbound` one. With `dpop` tokens are bound to
 * the key of whoever brings a proof, which must hold the server's nonce. `details` are the types of authorization details
 * (RFC 9396) that users may be asked for; they grant what they are asked for, and a code or refresh token is good for that.
 */
export async function startOidcProvider({ scopes, user = 'alice', clientKey, dpop = false, details = [] } = {}) {
  const server = http.createServer();
  const { port, close } = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const signing = { alg: 'ES256', use: 'sig', kid: 'signing' };
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...signing }] });
  const inbound = new Set();
  const outbound = new Set();
  const secret = randomBytes(32).toString('base64url');
  const tokenRequests = [];
  const approved = [];
  const actors = new WeakMap();
  const cookieKey = randomBytes(32).toString('base64url');
  const state = { answerFor: (resource) => resource };

  const resourceServer = (resource) => ({
    audience: resource,
    scope: scopes.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: 600,
    jwt: { sign: { alg: 'ES256' } },
  });

  const gateway = { client_id: 'mcp-gateway', grant_types: [tokenExchange], redirect_uris: [], response_types: [] };
  const provider = new Provider(issuer, {
    clients: [
      clientKey
        ? { ...gateway, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [clientKey] } }
        : { ...gateway, token_endpoint_auth_method: 'client_secret_basic', client_secret: secret },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...signing }] },
    cookies: { keys: [cookieKey] },
    scopes: ['openid', 'offline_access', ...scopes],
    // Applications in browsers ask for their tokens themselves.
    clientBasedCORS: () => true,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      dPoP: { enabled: dpop, nonceSecret: randomBytes(32), requireNonce: () => dpop },
      richAuthorizationRequests: {
        enabled: details.length > 0,
        types: Object.fromEntries(details.map((type) => [type, { validate() {} }])),
        authorizationDetailsForGrantSource: (ctx) => asked(ctx),
        authorizationDetailsForAccessToken: (_, __, source) => source.rar,
        authorizationDetailsForIntrospection: (_, token) => token.rar,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_, resource) {
          if (!inbound.has(resource) && !outbound.has(resource)) throw new errors.InvalidTarget();
          return resourceServer(resource);
        },
        // The SDK repeats `resource` at the token endpoint; nothing is granted without it.
        defaultResource: (_, __, oneOf) => oneOf ?? [],
        useGrantedResource: () => true,
      },
    },
    // A refresh token per sign-in, so that tests can look for it where it must not be.
    issueRefreshToken: async () => true,
    extraTokenClaims: (_, token) => actors.has(token) ? { act: actors.get(token) } : undefined,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/consent/${interaction.uid}` },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, Interaction: 300, RefreshToken: 3600, Session: 3600, IdToken: 600 },
  });

  provider.registerGrantType(tokenExchange, exchange, ['subject_token', 'subject_token_type', 'requested_token_type', 'resource', 'audience', 'scope', 'actor_token', 'actor_token_type']);

  async function exchange(ctx) {
    const { params, client } = ctx.oidc;
    if (params.subject_token_type !== accessToken) throw new errors.InvalidRequest('subject_token_type');
    if (params.requested_token_type && params.requested_token_type !== accessToken) throw new errors.InvalidRequest('requested_token_type');
    if (!params.resource) throw new errors.InvalidTarget('resource is required');
    if (!outbound.has(params.resource)) throw new errors.InvalidTarget();
    const subject = await jwtVerify(params.subject_token ?? '', keys, { issuer, typ: 'at+jwt', audience: [...inbound] }).catch(() => {
      throw new errors.InvalidGrant('subject token is not valid');
    });
    const granted = new Set(subject.payload.scope?.split(' '));
    const asked = params.scope ? params.scope.split(' ') : [...granted];
    if (!asked.every((scope) => granted.has(scope))) throw new errors.InvalidScope('wider than the subject token', params.scope);

    const proof = await validateDpop(provider, ctx);
    await checkDpopReplay(provider, ctx, proof, client.clientId);
    const resource = state.answerFor(params.resource);
    const token = new provider.AccessToken({ accountId: subject.payload.sub, client, scope: asked.join(' '), gty: tokenExchange });
    if (proof) token.setThumbprint('jkt', proof.thumbprint);
    token.resourceServer = new provider.ResourceServer(resource, resourceServer(resource));
    actors.set(token, { sub: client.clientId, ...(subject.payload.act && { act: subject.payload.act }) });
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: accessToken,
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: asked.join(' ') || undefined,
    };
  }

  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path !== '/token') return;
    const { client_secret: _, ...parameters } = ctx.oidc?.body ?? {};
    tokenRequests.push({ parameters, authorization: ctx.get('authorization'), proof: ctx.get('dpop'), status: ctx.status, answer: ctx.body });
  });

  /** What this request asked for, out of what its user granted. */
  function asked(ctx) {
    const wanted = JSON.parse(ctx.oidc.params.authorization_details ?? '[]');
    return wanted.length ? wanted.filter((detail) => ctx.oidc.grant.rar?.some((granted) => JSON.stringify(granted) === JSON.stringify(detail))) : undefined;
  }

  async function consent(request, response) {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    const accountId = session?.accountId ?? user;
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    if (params.scope) grant.addOIDCScope(params.scope);
    for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, params.scope ?? scopes.join(' '));
    for (const detail of JSON.parse(params.authorization_details ?? '[]')) {
      approved.push(detail);
      grant.addRar(detail);
    }
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId }, consent: { grantId: await grant.save() } },
      { mergeWithLastSubmission: prompt.name === 'consent' },
    );
  }

  const callback = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/consent/')) return callback(request, response);
    consent(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });

  return {
    issuer,
    keys,
    secret,
    tokenRequests,
    /** What users were shown and said yes to. */
    approved,
    /** Registers resources; tokens to others are refused. */
    allow({ inbound: users = [], outbound: servers = [] }) {
      users.forEach((resource) => inbound.add(resource));
      servers.forEach((resource) => outbound.add(resource));
    },
    /** From now on every exchange is answered with a token for `resource`, whatever was asked. */
    answerEveryExchangeFor: (resource) => (state.answerFor = () => resource),
    close,
  };
}
