// The Cerbos engine, which answers AuthZEN by itself. Run as a process.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../harness/loopback.mjs';
import { eventually, packages, start } from '../harness/processes.mjs';

/** Starts it with these files, of which `cerbos.yaml` says where it listens: the ports in it are replaced by free ones. */
export async function startCerbos(files) {
  const directory = await mkdtemp(join(tmpdir(), 'cerbos-'));
  const [port, grpc] = [await freePort(), await freePort()];
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text.replace(':3592', `:${port}`).replace(':3593', `:${grpc}`));
  }
  const binary = join(packages, '@cerbos/cerbos-linux-x64/cerbos-linux-x64');
  await chmod(binary, 0o755);
  const engine = start(binary, ['server', '--config=cerbos.yaml'], { cwd: directory });
  let over;
  engine.exited.then((result) => (over = result));
  const stop = async () => {
    await engine.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await eventually('Cerbos answers', () => fetch(`http://127.0.0.1:${port}/_cerbos/health`).then(({ ok }) => ok, () => false), {
      giveUp: () => over && `it ended (${over.code}):\n${engine.output()}${engine.errors()}`,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop, printed: () => engine.output() + engine.errors() };
}
