// The fixture over Streamable HTTP, answering 2026-07-28 and the legacy revisions on one URL. Run as a process: listens on
// 127.0.0.1.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { localhostHostValidation, localhostOriginValidation, NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import { create } from './typescript-fixture.mjs';

/** Keeps a session's events so that a stream can be taken up again. */
function eventStore() {
  const events = [];
  return {
    async storeEvent(stream, message) {
      events.push({ stream, message });
      return `${events.length - 1}`;
    },
    async replayEventsAfter(last, { send }) {
      const { stream } = events[last];
      for (let id = Number(last) + 1; id < events.length; id += 1) {
        if (events[id].stream === stream && Object.keys(events[id].message).length) await send(`${id}`, events[id].message);
      }
      return stream;
    },
  };
}

const modern = createMcpHandler(() => create('modern', modern.notify), { legacy: 'reject' });
const modernHandler = toNodeHandler(modern);
const sessions = new Map();

async function legacyHandler(request, response, body) {
  const id = request.headers['mcp-session-id'];
  let transport = sessions.get(id);
  if (id && !transport) {
    const error = { code: -32001, message: 'Session not found' };
    return response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
  }
  if (!transport) {
    transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: eventStore(),
      retryInterval: 100,
      onsessioninitialized: (session) => sessions.set(session, transport),
      onsessionclosed: (session) => sessions.delete(session),
    });
    await create('legacy').connect(transport);
  }
  return transport.handleRequest(request, response, body);
}

const hostIsLocal = localhostHostValidation();
const originIsLocal = localhostOriginValidation();

const server = http.createServer(async (request, response) => {
  try {
    if (!hostIsLocal(request, response) || !originIsLocal(request, response)) return;
    if (request.method !== 'POST') return await legacyHandler(request, response);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    let body;
    try {
      body = JSON.parse(raw);
    } catch {
      const error = { code: -32700, message: 'Parse error' };
      return response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
    }
    const asWeb = new Request(`http://127.0.0.1${request.url}`, { method: 'POST', headers: request.headers, body: raw });
    await ((await isLegacyRequest(asWeb, body)) ? legacyHandler : modernHandler)(request, response, body);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500).end();
  }
});
server.listen(0, '127.0.0.1');
