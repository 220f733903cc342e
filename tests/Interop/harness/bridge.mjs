// `gateway bridge` as a process before a stdio server.
import { eventually, start } from './processes.mjs';

// A gateway.dll, or a published executable.
const gateway = process.env.GATEWAY_DLL;
const [program, first] = gateway?.endsWith('.dll') ? ['dotnet', [gateway]] : [gateway, []];

/** Starts a bridge on a free port before `command`; answers { url, processes(), stop }. */
export async function startBridge(command, { options = [], env = {}, cwd } = {}) {
  const peer = start(program, [...first, 'bridge', '--url', 'http://127.0.0.1:0', ...options, '--', ...command], { env, cwd });
  let over;
  peer.exited.then((result) => (over = result));
  const [, url] = await eventually('The bridge listens', () => /Serving \S+ at (\S+)\n/.exec(peer.output()), {
    deadline: 30_000,
    giveUp: () => over && `it ended (${over.code}):\n${peer.output()}${peer.errors()}`,
  });
  return {
    ...peer,
    url,
    /** The numbers of the processes that it has started, and of those that have ended. */
    started: () => [...peer.output().matchAll(/Process (\d+) started/g)].map(([, id]) => Number(id)),
    ended: () => [...peer.output().matchAll(/Process (\d+) ended/g)].map(([, id]) => Number(id)),
    stop: () => peer.stop(20_000),
  };
}
