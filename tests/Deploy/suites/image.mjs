// The Dockerfile, built without a network on root file systems made here, and the result run as Kubernetes would run it.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Buildah } from '../lib/buildah.mjs';
import { assert, check, equal } from '../lib/checks.mjs';
import { newIssuer } from '../lib/issuer.mjs';
import { repository } from '../lib/kustomize.mjs';
import { start, stub, until } from '../lib/programs.mjs';
import { runtimeRoot, sdkRoot } from '../lib/rootfs.mjs';

const publish = ['-p:PublishTrimmed=true', '-p:PublishReadyToRun=true', '-p:PublishReadyToRunComposite=true', '-p:SelfContained=true', '-p:NuGetAudit=false'];

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'image-'));
  const buildah = new Buildah(work);
  try {
    const context = join(work, 'context');
    await check('the build context holds what the build needs and nothing else', () => {
      copyContext(context);
      assert(!existsSync(join(context, '.git')) && !existsSync(join(context, 'tests')), 'the context is too wide');
    });
    const built = await check('the image builds without a network on other base images', () => {
      const packages = join(work, 'packages');
      const restored = join(work, 'restored');
      cpSync(context, restored, { recursive: true });
      execFileSync('dotnet', ['restore', join(restored, 'src/Gateway'), '-r', `linux-${process.arch}`, '--packages', packages, '-v', 'quiet', ...publish], { stdio: ['ignore', 'ignore', 'inherit'] });
      const sdk = buildah.fromDirectory('sdk', sdkRoot(join(work, 'sdk'), packages),
        { PATH: '/usr/bin', HOME: '/root', NUGET_PACKAGES: '/packages', DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' });
      const runtime = buildah.fromDirectory('runtime-deps', runtimeRoot(join(work, 'runtime')), { ASPNETCORE_HTTP_PORTS: '8080' });
      for (const directory of [packages, restored, join(work, 'sdk')]) rmSync(directory, { recursive: true, force: true });
      buildah.buildOffline('--quiet', '--format', 'docker', '--pull-never',
        '--build-arg', `SDK_IMAGE=${sdk}`, '--build-arg', `RUNTIME_IMAGE=${runtime}`, '--build-arg', 'PUBLISH_ARGS=-p:NuGetAudit=false',
        '--build-arg', 'REVISION=test',
        // Old versions of buildah set it only when a platform is named.
        '--build-arg', `TARGETARCH=${process.arch === 'arm64' ? 'arm64' : 'amd64'}`, '--ignorefile', join(repository, '.dockerignore'),
        '-f', join(repository, 'Dockerfile'), '-t', 'localhost/mcp-gateway', context);
    });
    if (!built) return;

    const { config } = JSON.parse(buildah.run('inspect', '--type', 'image', 'localhost/mcp-gateway')).Docker;
    await check('the image runs as a numeric user, checks its own health and carries its labels', () => {
      equal(config.User, '1654:1654', 'User');
      equal(config.Entrypoint, ['/app/gateway'], 'Entrypoint');
      equal(config.Healthcheck.Test.slice(0, 3), ['CMD', '/app/gateway', 'health'], 'Healthcheck');
      equal(config.Labels['org.opencontainers.image.revision'], 'test', 'revision');
      assert(!config.Env.some(entry => /SECRET|TOKEN|NUGET/i.test(entry)), 'build environment leaked');
    });

    buildah.run('from', '--pull-never', '--name', 'gateway', 'localhost/mcp-gateway');
    const root = buildah.run('mount', 'gateway');
    await check('the image holds no shell, no SDK, no symbols, no documentation, and nothing that its user may write', () => {
      const files = execFileSync('find', [join(root, 'app')], { encoding: 'utf8' }).split('\n');
      equal(files.filter(file => /\.(pdb|xml|json5|pfx|pem|key)$/.test(file)), [], 'surplus files');
      for (const path of ['bin/sh', 'bin/bash', 'usr/bin/dotnet', 'source', 'packages']) assert(!existsSync(join(root, path)), `${path} is there`);
      equal(execFileSync('find', [join(root, 'app'), '(', '-uid', '1654', '-o', '-perm', '/0022', ')', '!', '-type', 'l'], { encoding: 'utf8' }), '', 'writable');
      const size = Number(execFileSync('du', ['-sm', join(root, 'app')], { encoding: 'utf8' }).split('\t')[0]);
      assert(size < 120, `${size} MB`);
      return `${size} MB`;
    });
    await check('the program in it is ReadyToRun as one composite, trimmed and self-contained', () => {
      assert(existsSync(join(root, 'app/libcoreclr.so')), 'no runtime beside the program');
      assert(!existsSync(join(root, 'app/System.Windows.dll')) && !existsSync(join(root, 'app/mscorlib.dll')), 'untrimmed');
      assert(isReadyToRun(join(root, 'app/gateway.dll')), 'gateway.dll is IL only');
      assert(existsSync(join(root, 'app/gateway.r2r.dll')), 'the framework was not compiled together with the program');
    });
    await runAsKubernetesDoes(buildah, root, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What .dockerignore lets through, copied by its own rules so that the test fails when it forgets something. */
function copyContext(target) {
  const lines = readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n').filter(line => line && !line.startsWith('#'));
  assert(lines[0] === '*', '.dockerignore must begin by refusing everything');
  const tracked = execFileSync('git', ['-C', repository, 'ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  const allowed = lines.filter(line => line.startsWith('!')).map(line => new RegExp(`^${line.slice(1).replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*')}(/|$)`));
  for (const file of tracked.filter(each => allowed.some(pattern => pattern.test(each)) && existsSync(join(repository, each)))) {
    cpSync(join(repository, file), join(target, file), { recursive: true });
  }
}

/** A ReadyToRun image has a managed native header: the CLI header's last directory is not empty. */
function isReadyToRun(file) {
  const bytes = readFileSync(file);
  const pe = bytes.readUInt32LE(0x3c);
  const optional = pe + 24;
  const wide = bytes.readUInt16LE(optional) === 0x20b;
  const directories = optional + (wide ? 112 : 96);
  const cliAddress = bytes.readUInt32LE(directories + 14 * 8);
  const sections = optional + bytes.readUInt16LE(pe + 20);
  for (let i = 0; i < bytes.readUInt16LE(pe + 6); i++) {
    const at = sections + i * 40;
    const [size, address, rawSize, raw] = [8, 12, 16, 20].map(offset => bytes.readUInt32LE(at + offset));
    if (cliAddress >= address && cliAddress < address + Math.max(size, rawSize)) return bytes.readUInt32LE(raw + cliAddress - address + 64) !== 0;
  }
  return false;
}

const childOf = parent => Number(readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8'));

async function runAsKubernetesDoes(buildah, root, work) {
  const issuer = await newIssuer('http://127.0.0.1:18081');
  writeFileSync(join(work, 'issuer.json'), JSON.stringify({ ...issuer, base: issuer.issuer }), { mode: 0o600 });
  const stubs = [
    start('node', [stub('authorization-server'), '127.0.0.1', '18081', join(work, 'issuer.json')]),
    start('node', [stub('mcp-server'), '127.0.0.1', '18082']),
  ];
  // As the kubelet leaves them with fsGroup 1654 and defaultMode 0400: root:1654, 0440, behind the ..data link.
  const secrets = join(work, 'secrets');
  const generation = join(secrets, '..2026_01_01_00_00_00.1');
  mkdirSync(generation, { recursive: true });
  writeFileSync(join(generation, 'keys'), `${randomBytes(32).toString('base64')}\n`);
  chownSync(join(generation, 'keys'), 0, 1654);
  chmodSync(join(generation, 'keys'), 0o440);
  symlinkSync('..2026_01_01_00_00_00.1', join(secrets, '..data'));
  symlinkSync('..data/keys', join(secrets, 'keys'));
  const configuration = join(work, 'configuration');
  mkdirSync(configuration);
  chmodSync(work, 0o755);
  writeFileSync(join(configuration, 'gateway.json'), JSON.stringify({
    Gateway: {
      PublicUrl: 'http://127.0.0.1:18080',
      DrainDelay: '00:00:00',
      SessionKeyFile: '/run/secrets/gateway/session/keys',
      AuthorizationServers: { corp: { Issuer: issuer.issuer } },
      Servers: { weather: { Path: '/weather', Destinations: ['http://127.0.0.1:18082/mcp'], Outbound: { Mode: 'none' } } },
    },
  }));
  for (const path of ['etc/gateway', 'run/secrets/gateway/session', 'proc', 'dev']) mkdirSync(join(root, path), { recursive: true });
  // What the OCI runtime specification promises every container; cryptography needs the last.
  const devices = ['null', 'zero', 'full', 'random', 'urandom'];
  for (const device of devices) writeFileSync(join(root, 'dev', device), '');
  // The mounts live in a namespace of their own and end with it.
  const script = `set -e
    mount --bind "$1" "$1"
    mount --bind "$2" "$1/etc/gateway"
    mount --bind "$3" "$1/run/secrets/gateway/session"
    for device in ${devices.join(' ')}; do mount --bind "/dev/$device" "$1/dev/$device"; done
    mount -t proc proc "$1/proc"
    for at in /etc/gateway /run/secrets/gateway/session ""; do mount -o remount,bind,ro "$1$at"; done
    shift 3
    exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid chroot --userspec=1654:1654 --groups=1654 "$ROOT" "$@"`;
  const inside = (...args) => ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', root, configuration, secrets, ...args];
  const environment = { ...Object.fromEntries(JSON.parse(buildah.run('inspect', '--type', 'image', 'localhost/mcp-gateway')).Docker.config.Env.map(entry => entry.split(/=(.*)/s).slice(0, 2))), ROOT: root, PATH: process.env.PATH };
  const gateway = start('unshare', inside('/app/gateway', 'run', '--config', '/etc/gateway/gateway.json', '--urls', 'http://127.0.0.1:18080'), { env: environment });
  const ask = (path, options) => fetch(`http://127.0.0.1:18080${path}`, options);
  const call = token => ask('/weather', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
  try {
    const ready = await check('it becomes ready as uid 1654 on a read-only root, with Secrets as the kubelet writes them', () =>
      until('the gateway is ready', async () => (await ask('/healthz/ready').catch(() => null))?.ok, { failed: () => gateway.over() && gateway.printed() }));
    if (!ready) return;
    await check('it serves a request with a token for its server and refuses every other', async () => {
      equal((await call(await issuer.token('http://127.0.0.1:18080/weather'))).status, 200, 'right token');
      equal((await call(await issuer.token('http://127.0.0.1:18080/notes'))).status, 401, 'token for another server');
      equal((await call()).status, 401, 'no token');
    });
    await check('its own health command says what the endpoint says', () => {
      // Where an exec probe runs: in the container's own namespaces.
      const probe = url => spawnSync('nsenter', ['--target', String(childOf(gateway)), '--mount', '--pid', 'chroot', '--userspec=1654:1654', '--groups=1654', root, '/app/gateway', 'health', '--url', url], { env: environment }).status;
      equal(probe('http://127.0.0.1:18080/healthz/ready'), 0, 'ready');
      equal(probe('http://127.0.0.1:18083/healthz/ready'), 1, 'nobody there');
    });
    await check('buildah runs it too, with chroot isolation and as its own user', () => {
      equal(buildah.run('run', '--isolation', 'chroot', '--network', 'host', '--user', '1654:1654', 'gateway', '--', '/app/gateway', 'health', '--url', 'http://127.0.0.1:18080/healthz/live').length >= 0, true, 'ran');
    });
    await check('it ends with 0 on SIGTERM', async () => {
      // unshare stays outside; its one child is the gateway, process 1 of its own namespace.
      process.kill(childOf(gateway), 'SIGTERM');
      equal(await gateway.exited, 0, 'exit code');
    });
  } finally {
    await gateway.stop('SIGKILL');
    for (const each of stubs) await each.stop('SIGKILL');
  }
}
