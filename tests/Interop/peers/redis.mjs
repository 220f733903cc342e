// A real redis-server on a port that stays its own, so that it can be killed and started again with what it had written.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import net from 'node:net';
import { join } from 'node:path';
import { freePort } from '../harness/loopback.mjs';
import { eventually, start } from '../harness/processes.mjs';

/** `settings` are lines of redis.conf; answers { port, kill, start, pause, resume, stop }. */
export async function startRedis(settings = [], { tls, sentinel } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'redis-'));
  const port = await freePort();
  const file = join(directory, 'redis.conf');
  const kept = sentinel ? [] : ['save ""', 'appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction', 'repl-diskless-sync-delay 0'];
  await writeFile(file, [`bind 127.0.0.1`, tls ? `port 0\ntls-port ${port}` : `port ${port}`, `dir ${directory}`, ...kept, ...settings, ''].join('\n'), { mode: 0o600 });
  let process;
  const up = async () => {
    process = start('redis-server', [file, ...(sentinel ? ['--sentinel'] : [])]);
    await eventually('Redis listens', () => listens(port), { giveUp: () => process.child.exitCode !== null && process.output() });
  };
  await up();
  return {
    port,
    start: up,
    /** As a machine that loses its power: nothing is said and nothing is written any more. */
    async kill() {
      process.child.kill('SIGKILL');
      await process.exited;
    },
    /** As a network that takes everything and delivers nothing. */
    pause: () => process.child.kill('SIGSTOP'),
    resume: () => process.child.kill('SIGCONT'),
    async stop() {
      process.child.kill('SIGCONT');
      await process.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const listens = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy() && true)).on('error', () => resolve(false));
});
