// A real HAProxy before replicas of the gateway: it asks each whether it is ready, and shares requests out among them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../harness/loopback.mjs';
import { eventually, start } from '../harness/processes.mjs';

/** Answers { origin, via, stop }; the headers of `via(i)` ask for one of the replicas, and every answer names its own in `x-replica`. */
export async function startHaproxy(origins) {
  const directory = await mkdtemp(join(tmpdir(), 'haproxy-'));
  const port = await freePort();
  const file = join(directory, 'haproxy.cfg');
  const name = (i) => `replica-${i}`;
  await writeFile(
    file,
    `global
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend in
  bind 127.0.0.1:${port}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /healthz/ready
  http-response set-header x-replica %s
${origins.map((_, i) => `  use-server ${name(i)} if { req.hdr(x-replica) ${name(i)} }`).join('\n')}
${origins.map((origin, i) => `  server ${name(i)} ${new URL(origin).host} check inter 500ms`).join('\n')}
`,
  );
  const process = start('haproxy', ['-db', '-f', file]);
  const origin = `http://127.0.0.1:${port}`;
  let over;
  process.exited.then((result) => (over = result));
  const ready = async (i) => {
    const answer = await fetch(`${origin}/healthz/ready`, { headers: { 'x-replica': name(i) } }).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer?.ok && answer.headers.get('x-replica') === name(i);
  };
  for (const i of origins.keys()) await eventually(`HAProxy leads to replica ${i}`, () => ready(i), { giveUp: () => over && `it ended (${over.code}):\n${process.errors()}` });
  return {
    origin,
    via: (i) => ({ 'x-replica': name(i) }),
    async stop() {
      await process.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
