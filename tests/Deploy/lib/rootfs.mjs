// Root file systems out of this machine's own files, so that images can be built where no registry serves base images.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const sh = (...command) => execFileSync(command[0], command.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

export const dotnetRoot = dirname(realpathSync(sh('sh', '-c', 'command -v dotnet').trim()));

/** What runtime-deps holds: the C runtime, OpenSSL, certificates, a user. No shell, no package manager. */
export function runtimeRoot(root) {
  skeleton(root);
  libraries(root, runtimeFiles());
  cpSync('/etc/ssl/certs/ca-certificates.crt', join(root, 'etc/ssl/certs/ca-certificates.crt'), { dereference: true });
  return root;
}

/** What the SDK image holds, as far as `dotnet publish` needs it, and the packages it would otherwise download. */
export function sdkRoot(root, packages) {
  skeleton(root);
  const tools = ['sh', 'uname', 'ls', 'mkdir', 'cp', 'rm'].map(tool => realpathSync(sh('sh', '-c', `command -v ${tool}`).trim()));
  libraries(root, [...runtimeFiles(), ...tools, ...loaded(['libz.so.1'])]);
  for (const tool of tools) put(root, tool);
  symlinkSync(tools[0].replace('/usr/bin/', ''), join(root, 'usr/bin/sh'));
  sh('cp', '-a', dotnetRoot, join(root, 'usr/share/dotnet'));
  symlinkSync('../share/dotnet/dotnet', join(root, 'usr/bin/dotnet'));
  sh('cp', '-a', packages, join(root, 'packages'));
  return root;
}

/** The programs and libraries whose own needs make a .NET program run. */
function runtimeFiles() {
  const shared = join(dotnetRoot, 'shared/Microsoft.NETCore.App');
  const framework = join(shared, readdirSync(shared).filter(version => version.startsWith('10.')).sort(byVersion).at(-1));
  return [
    join(dotnetRoot, 'dotnet'),
    ...readdirSync(framework).filter(file => file.endsWith('.so')).map(file => join(framework, file)),
    ...loaded(['libssl.so.3', 'libcrypto.so.3']),
  ];
}

const byVersion = (a, b) => a.localeCompare(b, 'en', { numeric: true });

function skeleton(root) {
  for (const path of ['usr/bin', 'usr/lib', 'usr/lib64', 'usr/share', 'etc/ssl/certs', 'proc', 'dev', 'run', 'tmp', 'root']) mkdirSync(join(root, path), { recursive: true });
  for (const path of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${path}`, join(root, path));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/sbin/nologin\napp:x:1654:1654::/home/app:/sbin/nologin\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1654:\n');
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  sh('chmod', '1777', join(root, 'tmp'));
}

function libraries(root, files) {
  for (const file of files) {
    const needed = sh('ldd', file).match(/\/\S+\.so\S*/g) ?? [];
    for (const library of [...needed, ...(/^\/(usr\/)?lib\//.test(file) && file.includes('.so') ? [file] : [])]) {
      if (!library.startsWith(dotnetRoot)) put(root, library);
    }
  }
}

/** Copies a file to where programs look for it; /lib and /lib64 are links into /usr, as on every current system. */
function put(root, path) {
  const target = join(root, path.startsWith('/usr/') ? path : `/usr${path}`);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(path), target);
}

function loaded(names) {
  const cache = sh('ldconfig', '-p').split('\n');
  return names.map(name => cache.find(line => line.trim().startsWith(`${name} `) && line.includes('x86-64') || line.trim().startsWith(`${name} `))?.split('=> ')[1])
    .filter(Boolean);
}
