// Stdio servers that others wrote, behind the bridge and the gateway.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { startBehindGateway } from '../harness/behind-gateway.mjs';
import { startBridge } from '../harness/bridge.mjs';
import { compare, revisions, runConformance } from '../harness/conformance.mjs';
import { eventually, packages } from '../harness/processes.mjs';
import { onStage } from '../harness/stage.mjs';
import { clients } from '../peers/clients.mjs';
import { startTypeScriptServer } from '../peers/typescript.mjs';

const peer = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
const withoutStdio = JSON.parse(await readFile(new URL('./bridge-differences.json', import.meta.url), 'utf8'));
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const directory = await mkdtemp(join(tmpdir(), 'bridge-interop-'));
    stage.keep({ stop: () => rm(directory, { recursive: true, force: true }) });
    await writeFile(join(directory, 'note.txt'), 'over two hops');
    const bridges = {
      filesystem: stage.keep(await startBridge([process.execPath, join(packages, '@modelcontextprotocol/server-filesystem/dist/index.js'), directory])),
      everything: stage.keep(await startBridge([process.execPath, join(packages, '@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'])),
      csharp: stage.keep(await startBridge(['dotnet', process.env.INTEROP_DLL, 'stdio'], { options: ['--env', 'DOTNET_CLI_HOME'], env: { DOTNET_CLI_HOME: directory } })),
      typescript: stage.keep(await startBridge([process.execPath, peer('typescript-stdio.mjs')], { options: ['--shared', '--max-sessions', '64'] })),
    };
    const behind = Object.fromEntries(Object.entries(bridges).map(([id, { url }]) => [id, { destination: url, RequiredScopes: ['mcp:use'], Outbound: { Mode: 'none' } }]));
    return { stage, directory, bridges, ...(await startBehindGateway(stage, behind)) };
  });
});
after(() => stage?.stop());

/** An official client at a server behind the gateway; ends its session when `work` is done. */
async function connected(id, work, capabilities = {}, prepare = () => {}) {
  const token = await stage.token(id);
  const transport = new StreamableHTTPClientTransport(new URL(stage.url(id)), { requestInit: { headers: { authorization: `Bearer ${token}` } } });
  const client = new Client({ name: 'interop', version: '1.0.0' }, { capabilities });
  prepare(client);
  await client.connect(transport);
  try {
    return await work(client, transport);
  } finally {
    await transport.terminateSession();
    await client.close();
  }
}

test('server-filesystem reads, writes and finds files', async () => {
  await connected('filesystem', async (client) => {
    const note = join(stage.directory, 'note.txt');
    const read = await client.callTool({ name: 'read_text_file', arguments: { path: note } });
    assert.match(JSON.stringify(read), /over two hops/);
    const large = 'lines\n\u2028 of \u0085 text\n'.repeat(100_000);
    const other = join(stage.directory, 'large.txt');
    await client.callTool({ name: 'write_file', arguments: { path: other, content: large } });
    assert.equal(await readFile(other, 'utf8'), large);
    const back = await client.callTool({ name: 'read_text_file', arguments: { path: other } });
    assert.equal(back.content[0].text, large);
  });
});

test('server-everything reports progress, asks the model and the user, and logs, each on its own session', async () => {
  const prepare = (client) => {
    client.setRequestHandler(CreateMessageRequestSchema, () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled' } }));
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'decline' }));
    client.setNotificationHandler(LoggingMessageNotificationSchema, () => {});
  };
  await connected('everything', async (client) => {
    const { tools } = await client.listTools();
    const named = (pattern) => tools.find(({ name }) => pattern.test(name))?.name;
    const progress = [];
    await client.callTool({ name: named(/long.?running/i), arguments: { duration: 0.2, steps: 2 } }, undefined, { onprogress: (each) => progress.push(each.progress) });
    assert.deepEqual(progress, [1, 2]);
    const sampled = await client.callTool({ name: named(/^(trigger-)?sampl/i), arguments: { prompt: 'Say it', maxTokens: 10 } });
    assert.match(JSON.stringify(sampled), /sampled/);
    const elicited = await client.callTool({ name: named(/^(trigger-)?elicit/i) ?? named(/elicit/i), arguments: {} });
    assert.match(JSON.stringify(elicited), /declin/i);
  }, { sampling: {}, elicitation: {} }, prepare);
});

for (const [name, call] of Object.entries(clients)) {
  test(`${name} calls a stdio server on the C# SDK`, async () => {
    assert.match(await call(stage.url('csharp'), { transport: 'http', token: await stage.token('csharp') }), /over two hops/);
  });
  test(`${name} calls a stdio server on the TypeScript SDK`, async () => {
    assert.match(await call(stage.url('typescript'), { transport: 'http', token: await stage.token('typescript') }), /over two hops/);
  });
}

test('The conformance suite finds over gateway, bridge and stdio what it finds directly, but for what stdio cannot have', async () => {
  const fixture = stage.stage.keep(await startTypeScriptServer());
  const differences = [];
  for (const revision of revisions) {
    const direct = await runConformance(`http://127.0.0.1:${fixture.port}/mcp`, revision);
    const through = await runConformance(stage.url('typescript'), revision, { token: await stage.token('typescript') });
    differences.push(...compare(direct, through).map((difference) => ({ revision, ...difference })).sort((a, b) => (a.scenario < b.scenario ? -1 : 1)));
  }
  const known = withoutStdio.map(({ reason, ...difference }) => {
    assert.ok(reason, 'a difference says why stdio cannot have it');
    return difference;
  });
  assert.deepEqual(differences, known, 'differences from bridge-differences.json, or entries of it that have gone stale');
});

test('No process is left when the bridges have stopped', async () => {
  for (const [id, bridge] of Object.entries(stage.bridges)) {
    await bridge.stop();
    assert.ok(bridge.started().length > 0, `${id} started processes`);
    for (const number of bridge.started()) {
      await eventually(`${id} ${number} is gone`, () => {
        try {
          process.kill(-number, 0);
          return false;
        } catch {
          return true;
        }
      }, { deadline: 15_000 });
    }
  }
});
