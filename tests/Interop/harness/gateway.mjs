// The real gateway as a process: its own directory, its own port, everything it prints kept.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './loopback.mjs';
import { eventually, run, start } from './processes.mjs';

// A gateway.dll, or a published executable.
const gateway = process.env.GATEWAY_DLL;
const [program, first] = gateway?.endsWith('.dll') ? ['dotnet', [gateway]] : [gateway, []];

/**
 * Writes gateway.json and runs it. `configure` is given { publicUrl, directory } and answers the `Gateway` section
 * without its PublicUrl, which a replica of another takes over by writing it.
 */
export async function startGateway(configure) {
  if (!gateway) throw new Error('GATEWAY_DLL names no gateway.dll: start the tests with tests/Interop/run.');
  const directory = await mkdtemp(join(tmpdir(), 'gateway-interop-'));
  const publicUrl = `http://127.0.0.1:${await freePort()}`;
  let process;
  const stop = async () => {
    await process?.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const section = await configure({ publicUrl, directory });
    const file = join(directory, 'gateway.json');
    await writeFile(file, JSON.stringify({ Gateway: { PublicUrl: publicUrl, DrainDelay: '00:00:00', ...section } }, null, 2));
    process = start(program, [...first, 'run', '--config', file, '--urls', publicUrl], { cwd: directory });
    let over;
    process.exited.then((result) => (over = result));
    await eventually('The gateway is ready', () => ready(publicUrl), {
      deadline: 30_000,
      giveUp: () => over && `it ended (${over.code}):\n${process.output()}${process.errors()}`,
    });
    return {
      publicUrl,
      url: (path) => publicUrl + path,
      /** As a process that runs out of memory: without a word. */
      async kill() {
        process.child.kill('SIGKILL');
        await process.exited;
      },
      config: file,
      printed: () => process.output() + process.errors(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs another command of the gateway's; answers { code, stdout, stderr }. */
export const gatewayCommand = (...args) => run(program, [...first, ...args]);

/** Writes a file that only its owner may read; the gateway refuses secrets in others. */
export const writeSecret = (file, text) => writeFile(file, text, { mode: 0o600 });

/** Creates a signing key for the local issuer with the gateway's own command. */
export async function newSigningKey(directory) {
  const { code, stdout, stderr } = await run(program, [...first, 'keys', 'new', '--directory', directory]);
  if (code !== 0) throw new Error(`keys new ended with ${code}:\n${stdout}${stderr}`);
}

async function ready(publicUrl) {
  try {
    return (await fetch(`${publicUrl}/healthz/ready`)).ok;
  } catch {
    return false;
  }
}
