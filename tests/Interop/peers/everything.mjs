// The reference server of the MCP project, over Streamable HTTP (/mcp) or HTTP+SSE (/sse, /message).
import { join } from 'node:path';
import { packages, startNodeServer } from '../harness/processes.mjs';

/** `transport` is streamableHttp or sse. */
export const startEverything = (transport) =>
  startNodeServer(join(packages, '@modelcontextprotocol/server-everything/dist/index.js'), { args: [transport] });
