// Three replicas behind a real HAProxy, a thousand open streams and ten thousand live tokens: how long a logout that reaches
// one of them takes to be in force at all of them, and that nobody else notices. Run by name: tests/Interop/run state-load
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../harness/loopback.mjs';
import { eventually } from '../harness/processes.mjs';
import { call, countingServer, logOut, openStream, percentile, resource, startReplicas } from '../harness/replicas.mjs';
import { onStage } from '../harness/stage.mjs';
import { startHaproxy } from '../peers/haproxy.mjs';

const replicas = [0, 1, 2];
const leavers = 100;
const stayers = 100;
const streamsEach = 5;
const tokensEach = 50;
const limit = 1000;
let stage;

before(async () => {
  stage = await onStage(async (stage) => {
    const mcp = countingServer();
    const { port } = stage.keep(await listen(mcp.server));
    const set = await startReplicas(stage, { count: replicas.length, destination: `http://127.0.0.1:${port}/mcp` });
    const front = stage.keep(await startHaproxy(set.gateways.map((gateway) => gateway.publicUrl)));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
    stage.keep({ stop: () => agent.destroy() });
    return { ...set, mcp, front, agent };
  });
});
after(() => stage?.stop());

test(`Of ${leavers} logouts among ${(leavers + stayers) * streamsEach} streams and ${(leavers + stayers) * tokensEach} tokens: in force at all replicas within a second at the 99th percentile, and nobody else is touched`, async (t) => {
  const principals = [];
  for (let i = 0; i < leavers + stayers; i += 1) {
    const subject = i < leavers ? `leaver-${i}` : `stayer-${i}`;
    principals.push({ subject, tokens: await Promise.all(Array.from({ length: tokensEach }, () => stage.issuer.token(resource, subject))) });
  }

  const [leaving, staying] = [principals.slice(0, leavers), principals.slice(leavers)];
  await each(principals, 16, async (principal) => {
    // Every token is live: validated, exchanged and remembered where it was used, those of leavers at every replica.
    for (const token of principal.tokens) for (const at of principal.subject.startsWith('leaver') ? replicas : [undefined]) assert.equal((await use(token, at)).status, 200);
    principal.streams = await Promise.all(Array.from({ length: streamsEach }, (_, i) => openStream(stage.front.origin, principal.tokens[i])));
  });
  const opened = principals.flatMap((principal) => principal.streams);
  const spread = replicas.map((i) => opened.filter((stream) => stream.replica === stage.front.via(i)['x-replica']).length);
  assert.ok(Math.min(...spread) > opened.length / 5, `HAProxy has spread the streams ${spread.join(', ')}`);
  assert.equal(stage.mcp.streams.size, opened.length);

  // Others go on meanwhile.
  let quiet = false;
  let calls = 0;
  const traffic = replicas.map(async (worker) => {
    for (let i = worker; !quiet; i += replicas.length) {
      const { subject, tokens } = staying[i % stayers];
      const { status, reason } = await use(tokens[i % tokensEach]);
      assert.equal(status, 200, `a call of ${subject} was answered with ${status} ${reason}`);
      calls += 1;
      await delay(4);
    }
  });

  const [whole, closing, refusing, answering] = [[], [], [], []];
  const events = async () => {
    for (const [event, { subject, tokens, streams }] of leaving.entries()) {
      assert.ok(streams.every((stream) => stream.open), `a stream of ${subject} was closed before its time`);
      const said = await stage.issuer.logout('mcp-gateway', subject);
      const begun = performance.now();
      const answered = logOut(stage.front.origin, said, stage.front.via(event % replicas.length)).then((status) => {
        assert.equal(status, 200);
        answering.push(performance.now() - begun);
      });
      const closed = streams.map(async (stream) => (await stream.ended) - begun);
      const refused = replicas.map(async (at) => {
        for (let i = 0; ; i += 1) {
          const { status, reason } = await use(tokens[i % tokensEach], at);
          if (status === 401 && reason === 'revoked') return performance.now() - begun;
          assert.equal(status, 200);
        }
      });
      await answered;
      closing.push(...(await Promise.all(closed)));
      refusing.push(...(await Promise.all(refused)));
      whole.push(Math.max(...closing.slice(-streams.length), ...refusing.slice(-replicas.length)));

      // From the first refusal on, all of them, everywhere.
      for (const at of replicas) assert.deepEqual(new Set(await Promise.all(tokens.map(async (token) => (await use(token, at)).reason))), new Set(['revoked']), `${subject} at replica ${at}`);
    }
  };
  try {
    await Promise.race([events(), Promise.all(traffic)]);
  } finally {
    quiet = true;
  }
  await Promise.all(traffic);

  const figures = (values) => `p50 ${percentile(values, 0.5).toFixed(0)} ms, p99 ${percentile(values, 0.99).toFixed(0)} ms, longest ${percentile(values, 1).toFixed(0)} ms`;
  t.diagnostic(`until a logout is in force everywhere: ${figures(whole)}, of ${whole.length}`);
  t.diagnostic(`until a stream is closed:              ${figures(closing)}, of ${closing.length}`);
  t.diagnostic(`until a replica refuses:               ${figures(refusing)}, of ${refusing.length}`);
  t.diagnostic(`until the logout is answered:          ${figures(answering)}, of ${answering.length}`);
  t.diagnostic(`calls of others meanwhile:             ${calls}, all answered`);
  assert.ok(percentile(whole, 0.99) < limit, `p99 ${percentile(whole, 0.99)} ms`);

  // Open, and not only by name: what the MCP server says arrives. Behind the gateway the others' legs are gone, too.
  const theirs = staying.flatMap((principal) => principal.streams);
  assert.ok(theirs.every((stream) => stream.open), "another's stream was closed");
  await eventually("The leavers' streams are closed at the MCP server", () => stage.mcp.streams.size === theirs.length);
  const before = theirs.map((stream) => stream.events);
  stage.mcp.tell();
  await eventually('Every other stream goes on', () => theirs.every((stream, i) => stream.open && stream.events > before[i]));
  theirs.forEach((stream) => stream.close());
});

const use = (token, at) => call(stage.front.origin, token, { agent: stage.agent, headers: at === undefined ? {} : stage.front.via(at) });

/** `act` for each, `width` at a time. */
async function each(all, width, act) {
  const rest = all.values();
  await Promise.all(Array.from({ length: width }, async () => {
    for (const one of rest) await act(one);
  }));
}
