// An issuer whose tokens and logout tokens a test makes by itself: only its keys are served.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { listen } from '../harness/loopback.mjs';

export async function startStaticIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'signing' }] });
  const server = http.createServer((_, response) => response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(jwks));
  const { port, close } = await listen(server);
  const issuer = `http://127.0.0.1:${port}`;
  const sign = (typ, claims, minutes) => new SignJWT({ jti: randomUUID(), ...claims }).setProtectedHeader({ alg: 'ES256', typ, kid: 'signing' }).setIssuer(issuer).setIssuedAt().setExpirationTime(`${minutes}m`).sign(privateKey);
  return {
    issuer,
    close,
    token: (audience, subject, claims = {}) => sign('at+jwt', { aud: audience, sub: subject, client_id: 'agent', ...claims }, 30),
    logout: (client, subject) => sign('logout+jwt', { aud: client, sub: subject, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, 2),
  };
}
