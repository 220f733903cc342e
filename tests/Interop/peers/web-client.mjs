// Serves web-client/ and the official packages that it imports, on an origin of its own.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listen } from '../harness/loopback.mjs';
import { packages } from '../harness/processes.mjs';

const own = fileURLToPath(new URL('./web-client/', import.meta.url));

/** Answers { origin, address(task), close }. */
export async function startWebClient() {
  const server = http.createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const file = path === '/' ? join(own, 'index.html') : path.startsWith('/packages/') ? join(packages, path.slice('/packages/'.length)) : join(own, path);
    const bytes = await readFile(file).catch(() => undefined);
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.endsWith('.html') ? 'text/html' : 'text/javascript' }).end(bytes);
  });
  const { port, close } = await listen(server);
  const origin = `http://127.0.0.1:${port}`;
  return { origin, address: (task) => `${origin}/#${encodeURIComponent(JSON.stringify(task))}`, close };
}
