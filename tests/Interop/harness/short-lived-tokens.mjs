// An issuer whose tokens live for seconds, so that a test sees many of them end; and a client's way to use them.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { listen } from './loopback.mjs';

/** Tokens live for `life` seconds, and are asked for anew after `use` of them; answers { issuer, settings, wallet, close }. */
export async function startShortLivedTokens({ life, use }) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'short' };
  const wallets = new Map();
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    response.setHeader('content-type', 'application/json');
    if (url.pathname === '/jwks') return response.end(JSON.stringify({ keys: [key] }));
    response.end(JSON.stringify({ access_token: await wallet(url.searchParams.get('resource')).token() }));
  });
  const { port, close } = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;

  const mint = (resource, life) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ client_id: 'interop', scope: 'mcp:use', jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'short' })
      .setIssuer(issuer)
      .setSubject('alice')
      .setAudience(resource)
      .setIssuedAt(now)
      .setExpirationTime(now + life)
      .sign(privateKey);
  };

  /** One user's tokens for one resource, which live for `lasting` seconds if that is given; `refreshes` counts them. */
  function wallet(resource, lasting) {
    const name = `${resource} ${lasting}`;
    if (!wallets.has(name)) {
      let current;
      let at = -Infinity;
      const kept = {
        refreshes: 0,
        async token() {
          if (performance.now() - at > (lasting ?? use) * 1000) {
            at = performance.now();
            kept.refreshes += 1;
            current = mint(resource, lasting ?? life);
          }
          return current;
        },
        fetch: async (input, init = {}) => {
          const headers = new Headers(init.headers);
          headers.set('authorization', `Bearer ${await kept.token()}`);
          return fetch(input, { ...init, headers });
        },
      };
      wallets.set(name, kept);
    }
    return wallets.get(name);
  }

  return { issuer, settings: { Issuer: issuer, JwksUrl: `${issuer}/jwks`, ClockSkew: '00:00:01' }, wallet, tokenUrl: (resource) => `${issuer}/token?resource=${encodeURIComponent(resource)}`, close };
}
