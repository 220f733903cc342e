// Network namespaces as pods: each has its own loopback and one address on a bridge that exists in a namespace of its
// own, so nothing reaches this machine's network. Addresses are from TEST-NET-1 (RFC 5737).
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { start, until } from './programs.mjs';

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
const ask = fileURLToPath(new URL('../stubs/ask.mjs', import.meta.url));

export class Network {
  constructor(prefix) {
    this.prefix = `${prefix}${process.pid}`;
    this.pods = [];
    this.switch = `${this.prefix}-sw`;
    ip('netns', 'add', this.switch);
    ip('-n', this.switch, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', this.switch, 'link', 'set', 'br0', 'up');
  }

  pod(name) {
    const namespace = `${this.prefix}-${name}`;
    const address = `192.0.2.${this.pods.length + 10}`;
    const port = `p${this.pods.length}`;
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', this.switch, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    ip('-n', this.switch, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    const pod = { namespace, address, processes: [] };
    this.pods.push(pod);
    return {
      address,
      start: (command, args, options) => {
        const process = start('ip', ['netns', 'exec', namespace, command, ...args], options);
        pod.processes.push(process);
        return process;
      },
      listeners: () => ip('netns', 'exec', namespace, 'ss', '-Hltn').split('\n').filter(Boolean).map(line => line.trim().split(/\s+/)[3]),
      ask: request => JSON.parse(execFileSync('ip', ['netns', 'exec', namespace, 'node', ask, JSON.stringify(request)], { encoding: 'utf8' })),
      async answers(url, process) {
        await until(`${url} answers`, () => this.ask({ url, method: 'GET', timeout: 2000 }).status === 200, { failed: () => process?.over() && process.printed() });
      },
    };
  }

  async close() {
    for (const pod of this.pods) for (const process of pod.processes) await process.stop('SIGKILL');
    for (const { namespace } of this.pods) ip('netns', 'del', namespace);
    ip('netns', 'del', this.switch);
  }
}
