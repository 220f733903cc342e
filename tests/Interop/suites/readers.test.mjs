// What a server's own reader makes of a message must be what the gateway's rules have judged: the official servers, and one in
// C, each asked directly and through the gateway for what a rule denies, in every spelling that some reader takes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBehindGateway } from '../harness/behind-gateway.mjs';
import { startBridge } from '../harness/bridge.mjs';
import { startRecorder } from '../harness/recorder.mjs';
import { onStage } from '../harness/stage.mjs';
import { startCSharpServer } from '../peers/csharp.mjs';
import { startTypeScriptServer } from '../peers/typescript.mjs';

const rules = [
  { Method: 'tools/call', Name: 'echo', Deny: true },
  { Method: 'resources/read', Name: 'test://static-text', Deny: true },
];

/** Whether the answer shows that the server did what the rules deny. */
const carriedOut = (answer) => /Echo: |content of the static text/.test(answer);

const params = '{"name":"echo","arguments":{"message":"carried out"}}';
const message = (members) => `{"jsonrpc":"2.0","id":7,${members}}`;
const call = (named) => message(`"method":"tools/call","params":{${named},"arguments":{"message":"carried out"}}`);
const read = (uri) => message(`"method":"resources/read","params":{"uri":"${uri}"}`);

const attacks = {
  plain: call('"name":"echo"'),
  escaped: call('"n\\u0061me":"\\u0065cho"'),
  'name twice, last': call('"name":"other","name":"echo"'),
  'name twice, first': call('"name":"echo","name":"other"'),
  'name twice, escaped': call('"name":"other","n\\u0061me":"echo"'),
  'method twice, last': message(`"method":"ping","method":"tools/call","params":${params}`),
  'method twice, first': message(`"method":"tools/call","method":"ping","params":${params}`),
  'params twice, last': message(`"method":"tools/call","params":{"name":"other"},"params":${params}`),
  'params twice, first': message(`"method":"tools/call","params":${params},"params":{"name":"other"}`),
  'id twice': message(`"id":8,"method":"tools/call","params":${params}`),
  'name in another case': call('"Name":"echo"'),
  'name in another case, first': call('"NAME":"echo","name":"other"'),
  'name in another case, last': call('"name":"other","Name":"echo"'),
  'method in another case': message(`"Method":"tools/call","params":${params}`),
  'method in another case, first': message(`"METHOD":"tools/call","method":"ping","params":${params}`),
  'method in another case, last': message(`"method":"ping","Method":"tools/call","params":${params}`),
  'params in another case': message(`"method":"tools/call","Params":${params}`),
  'params with a long s': message(`"method":"tools/call","param\\u017f":${params}`),
  'tool in another case': call('"name":"ECHO"'),
  'tool with a blank': call('"name":" echo"'),
  'NUL in the method': message(`"method":"tools/call\\u0000x","params":${params}`),
  'NUL in the name': call('"name":"echo\\u0000x"'),
  'NUL in a member': call('"name\\u0000x":"echo"'),
  'NUL in the member method': message(`"method\\u0000":"tools/call","params":${params}`),
  'name in a list': call('"name":["echo"]'),
  'params in a list': message('"method":"tools/call","params":["echo"]'),
  'a call that is an answer': message(`"result":{},"method":"tools/call","params":${params}`),
  'an answer that is a call in another case': message(`"result":{},"Method":"tools/call","params":${params}`),
  batch: `[${call('"name":"echo"')}]`,
  'two messages': message('"method":"ping"') + call('"name":"echo"'),
  'two lines': `${message('"method":"ping"')}\n${call('"name":"echo"')}`,
  comment: `/* */${call('"name":"echo"')}`,
  'comma at the end': message(`"method":"tools/call","params":${params},`),
  'byte order mark': `\uFEFF${call('"name":"echo"')}`,
  'text behind': `${call('"name":"echo"')}x`,
  'another version': `{"jsonrpc":"1.0","id":7,"method":"tools/call","params":${params}}`,
  'no version': `{"id":7,"method":"tools/call","params":${params}}`,
  'URI, plain': read('test://static-text'),
  'URI, scheme in another case': read('TEST://static-text'),
  'URI, host in another case': read('test://STATIC-TEXT'),
  'URI, encoded': read('test://static%2Dtext'),
  'URI, encoded letter': read('test://%73tatic-text'),
  'URI, slash': read('test://static-text/'),
  'URI, query': read('test://static-text?'),
  'URI, fragment': read('test://static-text#x'),
  'URI, port': read('test://static-text:'),
  'URI, user': read('test://@static-text'),
  'URI, blank': read(' test://static-text'),
  'URI, blank behind': read('test://static-text '),
  'URI, tab': read('test://static\\t-text'),
  'URI, dots': read('test://static-text/x/..'),
  'URI, NUL': read('test://static-text\\u0000x'),
  'URI twice': message('"method":"resources/read","params":{"uri":"test://other","uri":"test://static-text"}'),
  'URI in another case': message('"method":"resources/read","params":{"URI":"test://static-text"}'),
};

/** What each server's reader takes for what is denied, when nobody stands before it. */
const taken = {
  // The last of two counts, batches are taken, and a URI is what `new URL` makes of it.
  typescript: [
    'plain', 'escaped', 'name twice, last', 'name twice, escaped', 'method twice, last', 'params twice, last', 'id twice', 'batch',
    'URI, plain', 'URI, scheme in another case', 'URI, port', 'URI, user', 'URI, blank', 'URI, blank behind', 'URI, tab', 'URI twice',
  ],
  // The last of two counts, a call may be an answer, and a URI is what System.Uri makes of it.
  csharp: [
    'plain', 'escaped', 'method twice, last', 'params twice, last', 'id twice', 'a call that is an answer', 'byte order mark',
    'URI, plain', 'URI, scheme in another case', 'URI, host in another case', 'URI, slash', 'URI, fragment', 'URI, port', 'URI, user', 'URI, blank', 'URI, blank behind', 'URI, dots',
  ],
  // Any case, the first of two, a text up to its NUL, and what stands behind the message is not looked at.
  cjson: [
    'plain', 'escaped', 'name twice, first', 'method twice, first', 'params twice, first', 'id twice', 'name in another case', 'name in another case, first', 'method in another case',
    'method in another case, first', 'params in another case', 'NUL in the method', 'NUL in the name', 'NUL in a member', 'NUL in the member method', 'a call that is an answer',
    'an answer that is a call in another case', 'byte order mark', 'text behind', 'another version', 'no version', 'URI, plain', 'URI, NUL', 'URI in another case',
  ],
};

let stage;
before(async () => {
  stage = await onStage(async (stage) => {
    const directory = await mkdtemp(join(tmpdir(), 'readers-interop-'));
    stage.keep({ stop: () => rm(directory, { recursive: true, force: true }) });
    const program = join(directory, 'cjson-server');
    const compiled = spawnSync('cc', ['-Wall', '-Werror', '-o', program, fileURLToPath(new URL('../peers/cjson-server.c', import.meta.url)), '-lcjson'], { encoding: 'utf8' });
    assert.equal(compiled.status, 0, compiled.stderr ?? String(compiled.error));
    const bridge = stage.keep(await startBridge([program]));
    const ports = { typescript: stage.keep(await startTypeScriptServer()).port, csharp: stage.keep(await startCSharpServer()).port, cjson: Number(new URL(bridge.url).port) };
    const recorders = {};
    const behind = {};
    for (const [id, port] of Object.entries(ports)) {
      recorders[id] = stage.keep(await startRecorder(port));
      behind[id] = { destination: `http://127.0.0.1:${recorders[id].port}/mcp`, Operations: rules, ...(id === 'cjson' && { Outbound: { Mode: 'none' } }) };
    }
    const direct = {
      typescript: await session(`http://127.0.0.1:${ports.typescript}/mcp`),
      csharp: await session(`http://127.0.0.1:${ports.csharp}/mcp`),
      // The program itself: the bridge before it refuses some of this, too.
      cjson: async (body) => ({ text: spawnSync(program, { input: `${body.replaceAll('\n', ' ')}\n`, encoding: 'utf8' }).stdout }),
    };
    return { recorders, direct, ...(await startBehindGateway(stage, behind)) };
  });
});
after(() => stage?.stop());

/** Shakes hands; answers what sends one body in that session and tells { status, text }. */
async function session(url, token) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(token && { authorization: `Bearer ${token}` }) };
  const send = async (body) => {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
    return { status: response.status, text: await response.text(), session: response.headers.get('mcp-session-id') };
  };
  const clientInfo = { name: 'readers', version: '1.0.0' };
  const opened = await send(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } }));
  assert.equal(opened.status, 200, opened.text);
  headers['mcp-protocol-version'] = '2025-06-18';
  if (opened.session) headers['mcp-session-id'] = opened.session;
  await send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  return send;
}

for (const id of ['typescript', 'csharp', 'cjson']) {
  test(`${id}: what a rule denies is carried out in no spelling that the server's reader takes`, async () => {
    const through = await session(stage.url(id), await stage.token(id));
    const read = [];
    for (const [name, body] of Object.entries(attacks)) {
      if (carriedOut((await stage.direct[id](body)).text)) read.push(name);
      stage.recorders[id].clear();
      const { status, text } = await through(body);
      assert.ok(!carriedOut(text), `${name}: ${text}`);
      if (status !== 400 && status !== 403) assert.ok(stage.recorders[id].sent().includes(body), `${name}: ${status} ${text}`);
    }
    assert.deepEqual(read, taken[id]);
  });

  test(`${id}: of a thousand messages it carries out nothing that the rules deny`, async () => {
    const through = await session(stage.url(id), await stage.token(id));
    const random = generator(20260728);
    let passed = 0;
    for (let i = 0; i < 1000; i += 1) {
      const body = twisted(random);
      const { status, text } = await through(body);
      assert.ok(!carriedOut(text), `${body}: ${text}`);
      assert.ok(status < 500 || text.includes('"id":7'), `${status} ${text}: ${body}`);
      if (status !== 400 && status !== 403) passed += 1;
    }
    assert.ok(passed > 50, `Only ${passed} were passed on.`);
  });
}

/** Numbers below a limit, the same every time (mulberry32). */
function generator(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** A call, mostly of what is allowed, with members of what is not in any place and spelling. */
function twisted(random) {
  const one = (...choices) => choices[random(choices.length)];
  const spell = (name) => one(name, name, name, name, name.toUpperCase(), name[0].toUpperCase() + name.slice(1), `${name}\\u0000`, name.replace('s', '\\u017f'), `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`);
  const shuffled = (members) => members.map((member) => [random(1000), member]).sort(([a], [b]) => a - b).map(([, member]) => member).join(',');
  const inner = (tool) => `{${shuffled([`"${spell('name')}":"${tool}"`, '"arguments":{"message":"carried out"}', ...(random(3) ? [] : [`"${spell('name')}":"${one('echo', 'other')}"`])])}}`;
  return `{${shuffled([
    '"jsonrpc":"2.0"',
    '"id":7',
    `"${spell('method')}":"${one('tools/call', 'tools/call', 'tools/call', 'ping', 'tools/call\\u0000')}"`,
    `"${spell('params')}":${inner(one('other', 'other', 'test_simple_text', 'echo', 'ECHO', 'echo\\u0000'))}`,
    ...(random(3) ? [] : [one(`"${spell('method')}":"tools/call"`, `"${spell('params')}":${inner('echo')}`, '"x":"y"')]),
  ])}}`;
}
