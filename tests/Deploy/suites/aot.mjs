// The gateway compiled ahead of time, as the image for sidecars has it: built without a warning, and no other in behaviour.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, check, equal } from '../lib/checks.mjs';
import { repository } from '../lib/kustomize.mjs';

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'aot-'));
  const program = join(work, 'app/gateway');
  try {
    const built = await check('the gateway is compiled ahead of time without a warning of trimming or of the compiler', () => {
      // A tree of its own: what the other suites build stays as it is.
      const { status, stdout } = spawnSync('dotnet', ['publish', join(repository, 'src/Gateway'), '--configuration', 'Release', '--use-current-runtime',
        '--output', join(work, 'app'), '--artifacts-path', join(work, 'built'), '-p:PublishAot=true', '-p:DebugType=none', '-nologo'], { encoding: 'utf8', maxBuffer: 1 << 24 });
      equal(stdout.match(/warning \w+/g) ?? [], [], 'warnings');
      equal(status, 0, stdout.slice(-2000));
      assert(!existsSync(join(work, 'app/gateway.dll')) && !existsSync(join(work, 'app/libcoreclr.so')), 'it needs a runtime');
      return `${Math.round(statSync(program).size / 1e6)} MB`;
    });
    if (!built) return;

    await check('it reads, checks and describes the shipped configuration', () => {
      equal(execFileSync(program, ['schema'], { encoding: 'utf8' }), execFileSync('cat', [join(repository, 'gateway.schema.json')], { encoding: 'utf8' }), 'schema');
      const { status, stdout } = spawnSync(program, ['check', '--config', join(repository, 'gateway.json')], { encoding: 'utf8' });
      equal(status, 0, stdout);
    });
    await check('real clients, servers and authorization servers work through it', () => {
      const { status, stdout, stderr } = spawnSync(join(repository, 'tests/Interop/run'), ['flow', 'exchange'], { env: { ...process.env, GATEWAY_DLL: program }, encoding: 'utf8', maxBuffer: 1 << 24 });
      equal(status, 0, (stdout + stderr).slice(-3000));
      return stdout.match(/\d+ passed, \d+ failed/)?.[0];
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
