// A reverse proxy that does everything right but one thing, to show that the comparison notices.
import http from 'node:http';
import { listen } from '../harness/loopback.mjs';

/** What each fault breaks, and the revision that shows it. */
export const faults = {
  'event streams are buffered (legacy)': { revision: '2025-11-25', buffer: true },
  'event streams are buffered (modern)': { revision: '2026-07-28', buffer: true },
  'Mcp-Session-Id is dropped on the way in': { revision: '2025-11-25', dropRequest: 'mcp-session-id' },
  'Mcp-Session-Id is dropped on the way out': { revision: '2025-11-25', dropResponse: 'mcp-session-id' },
  'GET is refused': { revision: '2025-11-25', refuse: 'GET' },
  'Last-Event-ID is dropped': { revision: '2025-11-25', dropRequest: 'last-event-id' },
  'MCP-Protocol-Version is dropped': { revision: '2026-07-28', dropRequest: 'mcp-protocol-version' },
  'Accept is dropped': { revision: '2025-11-25', dropRequest: 'accept' },
};

/** Proxies to `port` of loopback with one fault; with none it must not be noticed. */
export async function startFaultyProxy(port, { buffer, dropRequest, dropResponse, refuse } = {}) {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((inbound, response) => {
    if (inbound.method === refuse) return response.writeHead(405, { allow: 'POST, DELETE' }).end();
    const headers = { ...inbound.headers };
    delete headers[dropRequest];
    const outbound = http.request({ agent, host: '127.0.0.1', port, method: inbound.method, path: inbound.url, headers }, (answer) => {
      const answerHeaders = { ...answer.headers };
      delete answerHeaders[dropResponse];
      if (buffer && answerHeaders['content-type']?.startsWith('text/event-stream')) {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => response.writeHead(answer.statusCode, answerHeaders).end(Buffer.concat(chunks)));
        return;
      }
      response.writeHead(answer.statusCode, answerHeaders).flushHeaders();
      answer.pipe(response);
    });
    outbound.on('error', () => response.destroy());
    response.on('close', () => outbound.destroy());
    inbound.pipe(outbound);
  });
  const { port: proxy, close } = await listen(server);
  return {
    url: (path) => `http://127.0.0.1:${proxy}${path}`,
    async close() {
      agent.destroy();
      await close();
    },
  };
}
