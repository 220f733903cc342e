// Preloaded into the conformance suite, which cannot send a token: adds one to every request to BEARER_ORIGIN that has
// none. fetch, undici and node:http all announce their requests here, so nothing of the suite is patched.
import { subscribe } from 'node:diagnostics_channel';

const { BEARER_ORIGIN: origin, BEARER_TOKEN: token } = process.env;
const authorization = `Bearer ${token}`;

subscribe('undici:request:create', ({ request }) => {
  if (String(request.origin) !== origin) return;
  if (!/(^|\n)authorization:/i.test([request.headers].flat().join('\n'))) request.addHeader('authorization', authorization);
});

subscribe('http.client.request.created', ({ request }) => {
  if (`${request.protocol}//${request.getHeader('host')}` !== origin || request.hasHeader('authorization')) return;
  request.setHeader('authorization', authorization);
});
