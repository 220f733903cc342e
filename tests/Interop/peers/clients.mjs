// The clients of the compatibility table. Each lists the tools at `url`, calls `echo` and answers what came back.
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as LegacySseTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as LegacyHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { run, within } from '../harness/processes.mjs';
import { callWithCSharp } from './csharp.mjs';
import { inspector } from './inspector.mjs';

const said = 'over two hops';

async function withClient(client, transport) {
  const call = async () => {
    await client.connect(transport);
    const { tools } = await client.listTools();
    if (!tools.some((tool) => tool.name === 'echo')) throw new Error('tools/list does not name echo');
    const { content } = await client.callTool({ name: 'echo', arguments: { message: said } });
    return content[0].text;
  };
  try {
    return (await within(call(), 20_000)) ?? Promise.reject(new Error('no answer'));
  } finally {
    await client.close();
  }
}

const settings = (token) => (token ? { requestInit: { headers: { authorization: `Bearer ${token}` } } } : {});

function legacySdk(url, { transport, token }) {
  const Transport = transport === 'sse' ? LegacySseTransport : LegacyHttpTransport;
  return withClient(new LegacyClient({ name: 'interop', version: '1.0.0' }), new Transport(new URL(url), settings(token)));
}

const sdk = (mode) => (url, { transport, token }) => {
  const Transport = transport === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
  return withClient(new Client({ name: 'interop', version: '1.0.0' }, { versionNegotiation: { mode } }), new Transport(new URL(url), settings(token)));
};

const csharp = (protocol) => (url, options) => callWithCSharp(url, { protocol, ...options });

async function inspectorCli(url, { transport, token }) {
  const header = token ? ['--header', `Authorization: Bearer ${token}`] : [];
  const call = ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', `message=${said}`];
  const { code, stdout, stderr } = await run(process.execPath, [inspector, '--cli', url, '--transport', transport, ...header, ...call], { deadline: 30_000 });
  if (code !== 0) throw new Error(`The Inspector ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

export const clients = {
  '`@modelcontextprotocol/sdk` 1.32': legacySdk,
  '`@modelcontextprotocol/client` 2.4, legacy': sdk('legacy'),
  '`@modelcontextprotocol/client` 2.4, auto': sdk('auto'),
  '`@modelcontextprotocol/client` 2.4, pinned to 2026-07-28': sdk({ pin: '2026-07-28' }),
  'C# `ModelContextProtocol.Core` 2.3, auto': csharp('auto'),
  'C# `ModelContextProtocol.Core` 2.3, asked for 2025-11-25': csharp('2025-11-25'),
  'MCP Inspector 2.12, command line': inspectorCli,
};
