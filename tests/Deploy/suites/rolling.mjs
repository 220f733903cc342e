// A rolling restart for real: two replicas behind HAProxy, replaced one after the other under load.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert, check, equal } from '../lib/checks.mjs';
import { secret } from '../lib/configuration.mjs';
import { newIssuer } from '../lib/issuer.mjs';
import { call, initialize } from '../lib/mcp.mjs';
import { gatewayCommand, start, stub, until } from '../lib/programs.mjs';

const host = '127.0.0.1';
const [as, server, balancer, stranger] = [18181, 18182, 18180, 18189];
const replicas = [18191, 18192];
const url = `http://${host}:${balancer}/weather`;
const resource = 'https://mcp.example.com/weather';

// No retry of a request that was sent: a POST is not HAProxy's to repeat. Only a connection that was never made is tried again.
const haproxy = `
defaults
  mode http
  timeout connect 2s
  timeout client 10m
  timeout server 10m
  retries 3
  option redispatch
  retry-on conn-failure
frontend front
  bind ${host}:${balancer}
  default_backend gateways
backend gateways
  balance roundrobin
  option httpchk GET /healthz/ready
  default-server check inter 200ms fall 1 rise 2
${replicas.map(port => `  server r${port} ${host}:${port}`).join('\n')}
`;

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'rolling-'));
  const processes = [];
  const run = (...args) => {
    const process = start(...args);
    processes.push(process);
    return process;
  };
  try {
    const issuer = await newIssuer(`http://${host}:${as}`);
    const configuration = (name, keys) => {
      const file = join(work, `${name}.json`);
      writeFileSync(file, JSON.stringify({
        Gateway: {
          PublicUrl: 'https://mcp.example.com',
          DrainDelay: '00:00:02',
          SessionKeyFile: secret(join(work, `${name}.keys`), `${keys}\n`),
          AuthorizationServers: { corp: { Issuer: issuer.issuer } },
          Servers: { weather: { Destinations: [`http://${host}:${server}/mcp`], Outbound: { Mode: 'none' } } },
        },
      }));
      return file;
    };
    const shared = configuration('shared', randomBytes(32).toString('base64'));
    const [program, ...first] = gatewayCommand();
    const ready = port => fetch(`http://${host}:${port}/healthz/ready`).then(answer => answer.ok, () => false);
    const gateway = async (port, file = shared) => {
      const process = run(program, [...first, 'run', '--config', file, '--urls', `http://${host}:${port}`]);
      await until(`replica ${port} is ready`, () => ready(port), { failed: () => process.over() && process.printed() });
      return process;
    };

    run('node', [stub('authorization-server'), host, String(as), secret(join(work, 'issuer.json'), JSON.stringify({ ...issuer, base: issuer.issuer }))]);
    run('node', [stub('mcp-server'), host, String(server)]);
    await until('the authorization server answers', () => fetch(`${issuer.issuer}/jwks`).then(answer => answer.ok, () => false));
    const serving = [];
    for (const port of replicas) serving.push(await gateway(port));
    writeFileSync(join(work, 'haproxy.cfg'), haproxy);
    const proxy = run('haproxy', ['-db', '-f', join(work, 'haproxy.cfg')]);
    await until('HAProxy passes requests on', () => fetch(url, call()).then(answer => answer.status === 401, () => false), { failed: () => proxy.over() && proxy.printed() });

    const token = await issuer.token(resource);
    const begin = async () => {
      const answer = await fetch(url, initialize(token));
      equal(answer.status, 200, await answer.text());
      return answer.headers.get('mcp-session-id');
    };
    const load = { stopped: false, calls: 0, failures: [], resumed: 0, events: 0 };
    const caller = async session => {
      while (!load.stopped) {
        const answer = await fetch(url, call(token, { session })).catch(error => ({ status: String(error.cause ?? error) }));
        const body = await answer.text?.().catch(error => `body: ${error}`);
        load.calls++;
        if (answer.status !== 200) load.failures.push(`call: ${answer.status} ${body ?? ''}`);
        await delay(5);
      }
    };
    const sessions = [];
    for (let i = 0; i < 8; i++) sessions.push(await begin());
    const running = [...sessions.map(caller), ...sessions.slice(0, 4).map(session => listener(session, token, load))];
    await until('streams flow', () => load.events > 20 && load.calls > 20);

    for (const [i, port] of replicas.entries()) {
      await check(`replica ${i + 1} is told to stop under load, ends with 0, and its successor becomes ready`, async () => {
        const before = load.resumed;
        const started = performance.now();
        equal(await serving[i].stop('SIGTERM'), 0, 'exit code');
        const seconds = (performance.now() - started) / 1000;
        assert(seconds >= 2, `it ended after ${seconds} s, before the drain delay`);
        assert(seconds < 22, `it took ${seconds} s`);
        serving[i] = await gateway(port);
        // Twice ready in HAProxy's eyes, and then some load on it.
        await delay(1000);
        return `${load.resumed - before} streams resumed, gone after ${seconds.toFixed(1)} s`;
      });
    }
    load.stopped = true;
    await Promise.all(running);
    await check('no request failed', () => {
      equal(load.failures, [], `of ${load.calls}`);
      return `${load.calls} requests`;
    });
    await check('every stream went on elsewhere where it had been cut, without a gap or a repetition', () => {
      // Two listeners or more sat on one of the replicas; each replica was replaced.
      assert(load.resumed >= 4, `only ${load.resumed} resumptions`);
      return `${load.resumed} resumptions, ${load.events} events`;
    });
    await check('sessions begun before it are good on both successors', async () => {
      for (const session of sessions) for (const port of replicas) equal((await fetch(`http://${host}:${port}/weather`, call(token, { session }))).status, 200, String(port));
    });
    await check('a replica without the shared session key would have ended them', async () => {
      await gateway(stranger, configuration('stranger', randomBytes(32).toString('base64')));
      equal((await fetch(`http://${host}:${stranger}/weather`, call(token, { session: sessions[0] }))).status, 404, 'status');
    });
  } finally {
    for (const process of processes.reverse()) await process.stop('SIGKILL');
    rmSync(work, { recursive: true, force: true });
  }
}

/** Listens for events, and after a cut goes on behind the last one; a gap, a repetition or a refused stream is a failure. */
async function listener(session, token, load) {
  let last = 0;
  for (let first = true; !load.stopped; first = false) {
    await new Promise(resolve => {
      const { headers } = call(token, { session });
      const request = http.get(url, { headers: { ...headers, accept: 'text/event-stream', ...(last ? { 'last-event-id': String(last) } : {}) }, agent: false }, response => {
        if (response.statusCode !== 200) load.failures.push(`stream: ${response.statusCode}`);
        else if (!first) load.resumed++;
        let text = '';
        response.on('data', chunk => {
          text += chunk;
          for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
            const id = Number(/^id: (\d+)/m.exec(text.slice(0, end))?.[1]);
            if (id !== last + 1) load.failures.push(`stream: event ${id} after ${last}`);
            last = id;
            load.events++;
          }
          if (load.stopped) request.destroy();
        });
        response.on('error', () => {});
        response.on('close', resolve);
      });
      request.on('error', error => {
        if (!load.stopped && !request.res) load.failures.push(`stream: ${error.code}`);
        resolve();
      });
    });
  }
}
