// node mcp-server.mjs HOST PORT: a legacy MCP server that checks nothing. It tells what it saw, keeps sessions, and
// sends a resumable stream: GET with Last-Event-ID goes on after that event.
import { randomUUID } from 'node:crypto';
import http from 'node:http';

const [host, port] = process.argv.slice(2);
const sessions = new Set();

http.createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const session = request.headers['mcp-session-id'];
  if (request.method === 'GET') {
    if (session && !sessions.has(session)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    let id = Number(request.headers['last-event-id'] ?? 0);
    const next = () => response.write(`id: ${++id}\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":${id}}}\n\n`);
    next();
    const timer = setInterval(next, 50);
    return response.on('close', () => clearInterval(timer));
  }
  const message = JSON.parse(body);
  const headers = { 'content-type': 'application/json' };
  if (message.method === 'initialize') {
    const id = randomUUID();
    sessions.add(id);
    headers['mcp-session-id'] = id;
  } else if (session && !sessions.has(session)) {
    return response.writeHead(404).end();
  }
  if (message.id === undefined) return response.writeHead(202).end();
  const result = message.method === 'initialize'
    ? { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'legacy', version: '1' } }
    : { seen: request.headers, session: session ?? null };
  response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
}).listen(Number(port), host);
