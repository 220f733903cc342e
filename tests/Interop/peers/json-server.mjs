// An MCP server that answers every message with one JSON object and no stream. Run in this process, on 127.0.0.1.
import http from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';
import { listen } from '../harness/loopback.mjs';

const registerEcho = (mcp) =>
  mcp.registerTool('echo', { inputSchema: { message: z.string() } }, ({ message }) => ({ content: [{ type: 'text', text: `Echo: ${message}` }] }));

/** `register` is given each new server, to tell it what it has. */
export async function startJsonServer(register = registerEcho) {
  const server = http.createServer(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405, { allow: 'POST' }).end();
    const mcp = new McpServer({ name: 'json', version: '1.0.0' });
    register(mcp);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => mcp.close());
    await mcp.connect(transport);
    await transport.handleRequest(request, response);
  });
  return listen(server);
}
