// Every client with every server, direct and through the gateway; docs/compatibility.md is what comes out.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startBehindGateway } from '../harness/behind-gateway.mjs';
import { startRecorder } from '../harness/recorder.mjs';
import { onStage } from '../harness/stage.mjs';
import { clients } from '../peers/clients.mjs';
import { startCSharpServer } from '../peers/csharp.mjs';
import { startEverything } from '../peers/everything.mjs';
import { startTypeScriptServer } from '../peers/typescript.mjs';

const page = new URL('../../../docs/compatibility.md', import.meta.url);

const servers = {
  everything: { title: '`server-everything`, Streamable HTTP', start: () => startEverything('streamableHttp'), path: '/mcp' },
  'everything-sse': { title: '`server-everything`, HTTP+SSE', start: () => startEverything('sse'), path: '/sse', sse: true },
  typescript: { title: '`@modelcontextprotocol/server` 2.4', start: startTypeScriptServer, path: '/mcp' },
  csharp: { title: 'C# `ModelContextProtocol.Core` 2.3', start: startCSharpServer, path: '/mcp' },
};

let stage;
const outcomes = {};

before(async () => {
  stage = await onStage(async (stage) => {
    const recorders = {};
    const behind = {};
    for (const [id, { start, path, sse }] of Object.entries(servers)) {
      recorders[id] = stage.keep(await startRecorder(stage.keep(await start()).port));
      const base = `http://127.0.0.1:${recorders[id].port}`;
      // A HTTP+SSE server is configured by its base, and its clients start at its /sse.
      behind[id] = sse ? { destination: base, Transport: 'http+sse' } : { destination: base + path };
    }
    return { recorders, ...(await startBehindGateway(stage, behind)) };
  });
});
after(() => stage?.stop());

/** The revision of the last request that says one, else (HTTP+SSE) the one that the server agreed to. */
function spoken(recorder) {
  const said = [...recorder.sent().matchAll(/^mcp-protocol-version: *(\S+)\r$/gim)].at(-1);
  return (said ?? /"protocolVersion":"([^"]+)"/.exec(recorder.answered()))[1];
}

/** The revision that the server was spoken to in, or why there was none. */
async function attempt(id, call, url, token) {
  const recorder = stage.recorders[id];
  recorder.clear();
  try {
    const answer = await call(url, { transport: servers[id].sse ? 'sse' : 'http', token });
    assert.match(answer, /over two hops/);
    return { revision: spoken(recorder) };
  } catch (error) {
    return { error };
  }
}

for (const [id, { title, path, sse }] of Object.entries(servers)) {
  for (const [client, call] of Object.entries(clients)) {
    test(`${client} with ${title}: through the gateway as directly`, async () => {
      const direct = await attempt(id, call, `http://127.0.0.1:${stage.recorders[id].port}${path}`);
      const through = await attempt(id, call, stage.url(id) + (sse ? path : ''), await stage.token(id));
      outcomes[`${client}/${id}`] = through.revision;
      assert.equal(through.revision, direct.revision, `direct: ${direct.error?.stack}\nthrough the gateway: ${through.error?.stack}\n${stage.gateway.printed().slice(-4000)}`);
    });
  }
}

test('docs/compatibility.md is the table that these tests produce', async () => {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const table = [
    row(['client', ...Object.values(servers).map(({ title }) => title)]),
    row(['---', ...Object.keys(servers).map(() => '---')]),
    ...Object.keys(clients).map((client) => row([client, ...Object.keys(servers).map((id) => outcomes[`${client}/${id}`] ?? '—')])),
  ];
  const text = `# Compatibility

Clients and servers that others wrote, through the gateway with token exchange: each pair lists the tools and calls one.
A cell says which MCP revision the server was spoken to in; — marks a pair that does not understand each other without
the gateway either. \`tests/Interop/run compatibility\` produces this table and fails when it differs;
\`UPDATE=1 tests/Interop/run compatibility\` writes it.

${table.join('\n')}
`;
  if (process.env.UPDATE) await writeFile(page, text);
  assert.equal(await readFile(page, 'utf8').catch(() => ''), text);
});
