// The gateway compiled ahead of time, as the image for sidecars has it: built without a warning, and no other in behaviour.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, check, equal } from '../lib/checks.mjs';
import { repository } from '../lib/kustomize.mjs';

/** What `dotnet publish` is told in the Dockerfile's stage, but for where it writes and what is particular to a build there. */
function published() {
  const stage = readFileSync(join(repository, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').split(/^FROM /m).find(each => / AS build-aot\n/.test(each));
  const [, words] = /^RUN dotnet publish src\/Gateway\/Gateway\.csproj --output \/app (.*) \$\{PUBLISH_ARGS\} && rm -f \/app\/\*\.dbg$/m.exec(stage);
  return words.trim().split(/\s+/).filter(word => word !== '-p:UseSharedCompilation=false');
}

/** What runtime-deps brings; OpenSSL is loaded by name. */
const systemLibraries = /^(libc|libm|libgcc_s|libstdc\+\+|ld-linux-x86-64|ld-linux-aarch64)\.so\.\d$/;

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'aot-'));
  const program = join(work, 'app/gateway');
  try {
    const built = await check('the gateway is compiled ahead of time, as the Dockerfile does it, without a warning of trimming or of the compiler', () => {
      // A tree of its own: what the other suites build stays as it is.
      const { status, stdout } = spawnSync('dotnet', ['publish', join(repository, 'src/Gateway'), '--output', join(work, 'app'), '--artifacts-path', join(work, 'built'), ...published(), '-nologo'],
        { encoding: 'utf8', maxBuffer: 1 << 24 });
      equal(stdout.match(/warning \w+/g) ?? [], [], 'warnings');
      equal(status, 0, stdout.slice(-2000));
      return `${Math.round(statSync(program).size / 1e6)} MB`;
    });
    if (!built) return;

    await check('it is one program that needs nothing but what its image brings', () => {
      const needed = [...execFileSync('readelf', ['--dynamic', program], { encoding: 'utf8' }).matchAll(/\(NEEDED\)\s+Shared library: \[(.*)\]/g)].map(match => match[1]);
      equal(needed.filter(name => !systemLibraries.test(name)), [], 'libraries');
      equal(readdirSync(join(work, 'app')).filter(name => !['gateway', 'gateway.dbg', 'gateway.staticwebassets.endpoints.json'].includes(name)), [], 'beside it');
    });
    await check('it reads, checks and describes the shipped configuration', () => {
      equal(execFileSync(program, ['schema'], { encoding: 'utf8' }), readFileSync(join(repository, 'gateway.schema.json'), 'utf8'), 'schema');
      const { status, stdout } = spawnSync(program, ['check', '--config', join(repository, 'gateway.json')], { encoding: 'utf8' });
      equal(status, 0, stdout);
    });
    await check('real clients, MCP servers, authorization servers and Redis work with it', () => {
      const { status, stdout, stderr } = spawnSync(join(repository, 'tests/Interop/run'), ['flow', 'exchange', 'state'], { env: { ...process.env, GATEWAY_DLL: program }, encoding: 'utf8', maxBuffer: 1 << 24 });
      equal(status, 0, (stdout + stderr).slice(-3000));
      return stdout.match(/\d+ passed, \d+ failed/)?.[0];
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
