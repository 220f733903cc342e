// Real processes: started with what they print kept, waited for by what they do, ended by their own id.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repository } from './kustomize.mjs';

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  let printed = '';
  const keep = chunk => { if (printed.length < 1 << 20) printed += chunk; };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise(resolve => child.on('close', (code, signal) => { running.delete(child); resolve(code ?? signal); }));
  return {
    pid: child.pid,
    exited,
    printed: () => printed,
    over: () => child.exitCode !== null || child.signalCode !== null,
    signal: name => child.kill(name),
    async stop(name = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(name);
      return exited;
    },
  };
}

export async function until(what, condition, { deadline = 30_000, failed } = {}) {
  const end = Date.now() + deadline;
  for (;;) {
    if (await condition()) return;
    const why = failed?.();
    if (why || Date.now() > end) throw new Error(`${what}: not within ${deadline} ms${why ? `\n${why}` : ''}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

export const stub = name => fileURLToPath(new URL(`../stubs/${name}.mjs`, import.meta.url));

let built;
/** The gateway as this machine runs it: GATEWAY_PROGRAM (a published executable or a .dll), or a build of the source. */
export function gatewayCommand() {
  const { GATEWAY_PROGRAM: program } = process.env;
  if (program) return program.endsWith('.dll') ? ['dotnet', program] : [program];
  if (!built) {
    execFileSync('dotnet', ['build', join(repository, 'src/Gateway'), '-c', 'Release', '-v', 'quiet', '-nologo'], { stdio: ['ignore', 'ignore', 'inherit'] });
    built = join(repository, 'src/Gateway/bin/Release/net10.0/gateway.dll');
    if (!existsSync(built)) throw new Error(`${built} is not there`);
  }
  return ['dotnet', built];
}
