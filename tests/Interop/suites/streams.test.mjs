// Streams that last: through ten tokens, an idle end and a drain, with the official clients, and no answer that is owed lost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as LegacySseTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as LegacyHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startGateway } from '../harness/gateway.mjs';
import { eventually, within } from '../harness/processes.mjs';
import { startRecorder } from '../harness/recorder.mjs';
import { startShortLivedTokens } from '../harness/short-lived-tokens.mjs';
import { onStage } from '../harness/stage.mjs';
import { stayWithCSharp } from '../peers/csharp.mjs';
import { startEverything } from '../peers/everything.mjs';
import { startTypeScriptServer } from '../peers/typescript.mjs';

const tokens = 10;
const seconds = 30;
const slow = { name: 'trigger-long-running-operation', arguments: { duration: 5, steps: 2 } };

let stage;
before(async () => {
  stage = await onStage(async (stage) => {
    const tokens = stage.keep(await startShortLivedTokens({ life: 3, use: 2 }));
    const recorders = {};
    const servers = {};
    const add = async (id, start, path, settings = {}) => {
      recorders[id] = stage.keep(await startRecorder(stage.keep(await start()).port));
      servers[id] = { Destinations: [`http://127.0.0.1:${recorders[id].port}${path}`], Outbound: { Mode: 'none' }, ...settings };
    };
    for (const id of ['http', 'http2', 'http3']) await add(id, () => startEverything('streamableHttp'), '/mcp');
    for (const id of ['sse', 'sse2', 'sse3']) await add(id, () => startEverything('sse'), '', { Transport: 'http+sse' });
    await add('modern', startTypeScriptServer, '/mcp');
    await add('idle', () => startEverything('streamableHttp'), '/mcp', { StreamIdleTimeout: '00:00:02' });
    const gateway = stage.keep(await startGateway(() => ({ AuthorizationServers: { corp: tokens.settings }, Servers: servers })));
    return { tokens, recorders, gateway };
  });
});
after(() => stage?.stop());

const url = (id, sse) => stage.gateway.url(`/${id}${sse ? '/sse' : ''}`);
const wallet = (id, lasting) => stage.tokens.wallet(stage.gateway.url(`/${id}`), lasting);
const opened = (id) => (stage.recorders[id].sent().match(/GET \/\S* HTTP\/1\.1\r\n/g) ?? []).length;

async function connect(id, SomeClient, Transport, { sse = false, lasting, ...options } = {}) {
  const client = new SomeClient({ name: 'interop', version: '1.0.0' }, options);
  const { fetch } = wallet(id, lasting);
  await client.connect(new Transport(new URL(url(id, sse)), { fetch, eventSourceInit: { fetch } }));
  return client;
}

/** Calls something slow until ten tokens have been used up, and asks for something every second meanwhile: a stream of HTTP+SSE lives by it. */
async function stay(id, client, call = slow) {
  const own = wallet(id);
  let over = false;
  const calls = async () => {
    try {
      while (own.refreshes <= tokens) await client.callTool(call);
    } finally {
      over = true;
    }
  };
  const pings = async () => {
    while (!over) {
      await client.ping();
      await delay(1000);
    }
  };
  await Promise.all([calls(), pings()]);
}

// Each with a server of its own, and nearly all of it waiting: all at once.
describe('Streams that last', { concurrency: true }, () => {
  for (const [name, id, SomeClient, Transport, options] of [
    ['@modelcontextprotocol/sdk', 'http', LegacyClient, LegacyHttpTransport, {}],
    ['@modelcontextprotocol/client, legacy', 'http2', Client, StreamableHTTPClientTransport, { versionNegotiation: { mode: 'legacy' } }],
  ])
    test(`${name} opens its listening stream anew with each token, and gets every answer`, async () => {
      const client = await connect(id, SomeClient, Transport, options);
      try {
        await stay(id, client);
        const before = opened(id);
        assert.ok(before >= 4, `the listening stream was opened ${before} times`);
        await eventually('The stream is opened once more', () => opened(id) > before);
      } finally {
        await client.close();
      }
    });

  for (const [name, id, SomeClient, Transport] of [
    ['@modelcontextprotocol/sdk', 'sse', LegacyClient, LegacySseTransport],
    ['@modelcontextprotocol/client', 'sse2', Client, SSEClientTransport],
  ])
    test(`${name} keeps its one stream of HTTP+SSE through ten tokens, and gets every answer`, async () => {
      const client = await connect(id, SomeClient, Transport, { sse: true, versionNegotiation: { mode: 'legacy' } });
      try {
        await stay(id, client);
        assert.equal(opened(id), 1);
      } finally {
        await client.close();
      }
    });

  test('@modelcontextprotocol/client listens again in 2026-07-28 when a token has ended, and hears what changes', async () => {
    const client = await connect('modern', Client, StreamableHTTPClientTransport, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    let heard = 0;
    let listened = 0;
    let closing = false;
    client.setNotificationHandler('notifications/tools/list_changed', () => (heard += 1));
    const listen = async () => {
      while (!closing) {
        const subscription = await client.listen({ toolsListChanged: true });
        listened += 1;
        await subscription.closed;
      }
    };
    const listening = listen();
    try {
      for (let round = 0; wallet('modern').refreshes <= tokens; round += 1) {
        await eventually(`The client listens, round ${round}`, () => listened > round || listened > 3);
        const before = heard;
        await eventually(`The change is heard, round ${round}`, async () => {
          await client.callTool({ name: 'test_trigger_tool_change', arguments: {} });
          await delay(200);
          return heard > before;
        });
        await delay(2500);
      }
      assert.ok(listened >= 4, `it listened ${listened} times`);
    } finally {
      closing = true;
      await client.close();
      await within(listening.catch(() => {}), 1000);
    }
  });

  test('The C# client keeps its session over Streamable HTTP through ten tokens, and gets every answer', async () => {
    await stayWithCSharp(url('http3'), { transport: 'http', tokens: stage.tokens.tokenUrl(stage.gateway.url('/http3')), seconds });
    assert.ok(wallet('http3').refreshes > tokens, `${wallet('http3').refreshes} tokens were used`);
    assert.ok(opened('http3') >= 4, `the listening stream was opened ${opened('http3')} times`);
  });

  test('The C# client keeps its one stream of HTTP+SSE through ten tokens, and gets every answer', async () => {
    await stayWithCSharp(url('sse3', true), { transport: 'sse', tokens: stage.tokens.tokenUrl(stage.gateway.url('/sse3')), seconds });
    assert.ok(wallet('sse3').refreshes > tokens, `${wallet('sse3').refreshes} tokens were used`);
    assert.equal(opened('sse3'), 1);
  });

  test('A stream that ends because it was silent is opened anew', async () => {
    const client = await connect('idle', LegacyClient, LegacyHttpTransport);
    try {
      await eventually('The stream is opened a third time', () => opened('idle') >= 3, { deadline: 30_000 });
      assert.match(JSON.stringify(await client.callTool({ name: 'echo', arguments: { message: 'still here' } })), /still here/);
    } finally {
      await client.close();
    }
  });
});

// The last: the gateway is gone afterwards. The tokens outlast it, so that the drain alone can end a stream.
test('A drain loses no answer that is owed', async () => {
  const http = await connect('http', LegacyClient, LegacyHttpTransport, { lasting: 120 });
  const sse = await connect('sse', LegacyClient, LegacySseTransport, { sse: true, lasting: 120 });
  try {
    const call = { name: slow.name, arguments: { duration: 3, steps: 1 } };
    const owed = [http.callTool(call), sse.callTool(call)];
    await delay(500);

    const stopped = stage.gateway.stop();

    for (const answer of await Promise.all(owed)) assert.match(JSON.stringify(answer), /completed/i);
    await stopped;
  } finally {
    await Promise.all([http.close(), sse.close()].map((closed) => closed.catch(() => {})));
  }
});
