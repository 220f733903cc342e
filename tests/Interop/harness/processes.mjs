// Starts peers in process groups of their own and stops the whole group, also when the test process dies early.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';

const preload = new URL('./listen-on-loopback.mjs', import.meta.url).href;
export const packages = fileURLToPath(new URL('../node_modules/', import.meta.url));

const running = new Set();

/** Runs `command`, keeps what it prints, and answers { output(), exited, send, stop }. */
export function start(command, args, { env = {}, ipc = false, cwd } = {}) {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
  });
  running.add(child);
  let text = '';
  let error = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (error += chunk));
  const exited = new Promise((resolve) => {
    child.once('error', (cause) => resolve({ code: 127, cause }));
    child.once('close', (code, signal) => resolve({ code: code ?? signal }));
  });
  exited.then(() => running.delete(child));
  return {
    child,
    exited,
    output: () => text,
    errors: () => error,
    async stop(grace = 10_000) {
      signal(child, 'SIGTERM');
      if (!(await within(exited, grace))) signal(child, 'SIGKILL');
      return exited;
    },
  };
}

/** Starts a Node peer that listens somewhere; answers once it does, with its `port`. */
export async function startNodeServer(script, { args = [], env = {}, deadline = 20_000 } = {}) {
  const peer = start(process.execPath, ['--import', preload, script, ...args], { env: { PORT: '0', ...env }, ipc: true });
  const first = new Promise((resolve) => peer.child.once('message', resolve));
  const message = await within(Promise.race([first, peer.exited]), deadline);
  if (!message?.port) {
    await peer.stop();
    throw new Error(`${script} did not start listening:\n${peer.output()}${peer.errors()}`);
  }
  return { ...peer, port: message.port };
}

/** Runs a command to its end, bounded; answers { code, stdout, stderr }. */
export async function run(command, args, { deadline = 60_000, ...options } = {}) {
  const peer = start(command, args, options);
  const result = await within(peer.exited, deadline);
  if (!result) {
    await peer.stop(0);
    throw new Error(`${command} ${args.join(' ')} did not end within ${deadline} ms:\n${peer.output()}${peer.errors()}`);
  }
  return { ...result, stdout: peer.output(), stderr: peer.errors() };
}

/** Asks `probe` until it answers something truthy, at most `deadline` milliseconds. */
export async function eventually(what, probe, { deadline = 20_000, giveUp = () => undefined } = {}) {
  const end = performance.now() + deadline;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    const reason = giveUp();
    if (reason || performance.now() > end) throw new Error(`${what}: ${reason ?? `not within ${deadline} ms`}`);
    await delay(20);
  }
}

/** The promise's value, or undefined when the time is over first. */
export async function within(promise, milliseconds) {
  const abort = new AbortController();
  try {
    return await Promise.race([promise, delay(milliseconds, undefined, { signal: abort.signal })]);
  } finally {
    abort.abort();
  }
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group has already gone.
  }
}

function killAll() {
  for (const child of running) signal(child, 'SIGKILL');
}

process.once('exit', killAll);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(name, () => {
    killAll();
    process.exit(1);
  });
}
