// node authorization-server.mjs HOST PORT FILE: metadata, keys, and an RFC 8693 exchange that names the actor. FILE holds
// { issuer, jwks, privateJwk, base } and is made by the test.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { SignJWT, importJWK } from 'jose';

const [host, port, file] = process.argv.slice(2);
const { issuer, jwks, privateJwk, base } = JSON.parse(readFileSync(file, 'utf8'));
const key = await importJWK(privateJwk, 'ES256');
const claims = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

http.createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const path = new URL(request.url, 'http://x').pathname;
  if (path.includes('/.well-known/')) return answer(200, { issuer, jwks_uri: `${base}/jwks`, token_endpoint: `${base}/token`, authorization_endpoint: `${base}/authorize`, response_types_supported: ['code'] });
  if (path === '/jwks') return answer(200, jwks);
  if (path !== '/token') return answer(404, {});
  let body = '';
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body);
  const subject = claims(form.get('subject_token'));
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({
    iss: issuer, sub: subject.sub, aud: form.get('audience') ?? form.get('resource'), client_id: 'mcp-gateway', iat: now, nbf: now,
    exp: now + 60, jti: randomUUID(), scope: form.get('scope') ?? subject.scope, act: { sub: 'mcp-gateway', ...(subject.act ? { act: subject.act } : {}) },
  }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: privateJwk.kid }).sign(key);
  answer(200, { access_token: token, token_type: 'Bearer', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', expires_in: 60, scope: form.get('scope') ?? undefined });
}).listen(Number(port), host);
