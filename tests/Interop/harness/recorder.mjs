// A TCP relay in front of an MCP server that keeps every byte of both directions.
import net from 'node:net';
import { listen } from './loopback.mjs';

/** Relays to `port` of loopback; answers { port, sent(), answered(), clear(), close() }. */
export async function startRecorder(port) {
  let requests = [];
  let answers = [];
  const server = net.createServer((inbound) => {
    const outbound = net.connect(port, '127.0.0.1');
    inbound.on('data', (chunk) => requests.push(chunk));
    outbound.on('data', (chunk) => answers.push(chunk));
    inbound.pipe(outbound).pipe(inbound);
    // Either side leaving ends both: a relay that outlives one of them would hide that the gateway lets go.
    inbound.on('error', () => outbound.destroy()).on('close', () => outbound.destroy());
    outbound.on('error', () => inbound.destroy()).on('close', () => inbound.destroy());
  });
  const { port: relay, close } = await listen(server);
  return {
    port: relay,
    /** Everything sent to the MCP server so far, byte for byte. */
    sent: () => Buffer.concat(requests).toString('latin1'),
    answered: () => Buffer.concat(answers).toString('latin1'),
    clear() {
      requests = [];
      answers = [];
    },
    close,
  };
}

/** The bearer tokens in recorded bytes, each once. */
export function bearerTokens(sent) {
  return [...new Set([...sent.matchAll(/^authorization: bearer (\S+)\r$/gim)].map((match) => match[1]))];
}
