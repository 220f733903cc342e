// A hop token at an MCP server, with jose.
import { createRemoteJWKSet, jwtVerify } from 'jose';

export function hopTokens({ issuer, resource, jwksUrl }) {
  // Removed keys are gone after 30 s, a new one is fetched with the first token that names it.
  const keys = createRemoteJWKSet(new URL(jwksUrl), { cacheMaxAge: 30_000, cooldownDuration: 1_000 });
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: resource,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'iat', 'exp'],
      maxTokenAge: '1h',
      clockTolerance: 30,
    });
    if (payload.aud !== resource) throw new Error('for others as well');
    if (payload.cnf) throw new Error('bound to a key: it needs its DPoP proof');
    return payload;
  };
}
