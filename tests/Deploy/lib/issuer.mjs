// An authorization server's keys and tokens, made at run time.
import { randomUUID } from 'node:crypto';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

export async function newIssuer(issuer) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomUUID();
  return {
    issuer,
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' }] },
    privateJwk: { ...(await exportJWK(privateKey)), kid, alg: 'ES256' },
    token: (audience, claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, sub: 'alice', aud: audience, client_id: 'agent', iat: now, nbf: now, exp: now + 300, jti: randomUUID(), scope: 'mcp weather notes legacy', ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(privateKey);
    },
  };
}

export const claimsOf = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
