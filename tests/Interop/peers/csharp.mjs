// The C# peers, built by tests/Interop/run.
import { eventually, run, start } from '../harness/processes.mjs';

const assembly = process.env.INTEROP_DLL;

export async function startCSharpServer() {
  const peer = start('dotnet', [assembly, 'server']);
  let over;
  peer.exited.then((result) => (over = result));
  const port = await eventually('The C# server listens', () => /^(\d+)\n/.exec(peer.output())?.[1], { giveUp: () => over && peer.errors() });
  return { ...peer, port: Number(port) };
}

/** Calls `echo` at `url`; throws when it does not come back. */
export async function callWithCSharp(url, { protocol, transport, token }) {
  const { code, stdout, stderr } = await run('dotnet', [assembly, 'client', url, protocol, transport], { env: { BEARER: token ?? '' }, deadline: 30_000 });
  if (code !== 0) throw new Error(`The C# client ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** Signs in at `url`, of which nothing else is known, by the browser at `browser`, and calls `echo`. */
export async function signInWithCSharp(url, browser) {
  const { code, stdout, stderr } = await run('dotnet', [assembly, 'signin', url, browser], { deadline: 30_000 });
  if (code !== 0) throw new Error(`The C# client ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** Calls something slow again and again for `seconds`, with a token of `tokens` that is asked for before each request. */
export async function stayWithCSharp(url, { transport, tokens, seconds }) {
  const { code, stdout, stderr } = await run('dotnet', [assembly, 'stay', url, transport, tokens, String(seconds)], { deadline: (seconds + 40) * 1000 });
  if (code !== 0) throw new Error(`The C# client ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
