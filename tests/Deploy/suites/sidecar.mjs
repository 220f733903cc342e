// The sidecar for real: a network namespace is a pod, with a legacy MCP server on its loopback and the gateway in front,
// under the shipped gateway.json of each mode. Everything is asked from another namespace.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, check, equal } from '../lib/checks.mjs';
import { secret, shipped } from '../lib/configuration.mjs';
import { newIssuer } from '../lib/issuer.mjs';
import { render, variants } from '../lib/kustomize.mjs';
import { call, challenge } from '../lib/mcp.mjs';
import { Network } from '../lib/namespaces.mjs';
import { gatewayOf, podsOf } from '../lib/pods.mjs';
import { gatewayCommand, stub, until } from '../lib/programs.mjs';

const audience = 'https://legacy.example.com/mcp';
const credential = 'static-key-of-the-legacy-server';

const modes = [
  { name: 'none', arrives: () => undefined },
  { name: 'credential', arrives: () => `Bearer ${credential}` },
  { name: 'same-token', arrives: token => `Bearer ${token}` },
];

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'sidecar-'));
  const [program, ...programArguments] = gatewayCommand();
  const network = new Network('sc');
  try {
    const login = network.pod('as');
    const client = network.pod('client');
    const issuer = await newIssuer(`http://${login.address}:8081`);
    login.start('node', [stub('authorization-server'), login.address, '8081', secret(join(work, 'issuer.json'), JSON.stringify({ ...issuer, base: issuer.issuer }))]);
    await login.answers(`${issuer.issuer}/jwks`);
    const stranger = await newIssuer(issuer.issuer);

    for (const mode of modes) {
      const pod = network.pod(mode.name);
      const configuration = shipped(`components/sidecar-${mode.name}/gateway.json`, join(work, `${mode.name}.json`), gateway => {
        Object.assign(gateway.AuthorizationServers.corp, { Issuer: issuer.issuer, AllowHttp: true });
        if (mode.name === 'credential') gateway.Servers.legacy.Outbound.File = secret(join(work, 'credential'), `${credential}\n`);
      });
      const [manifest] = podsOf(render(variants.find(variant => variant.name === `sidecar, mode ${mode.name}`))).map(gatewayOf).filter(Boolean);
      const args = manifest.args.map(arg => (arg === '/etc/gateway/gateway.json' ? configuration : arg));
      pod.start('node', [stub('mcp-server'), '127.0.0.1', '3000']);
      const gateway = pod.start(program, [...programArguments, ...args]);
      const at = `http://${pod.address}:8080/mcp`;
      const ask = token => client.ask({ url: at, ...call(token) });

      const up = await check(`${mode.name}: the sidecar becomes ready under the shipped configuration and arguments`, () =>
        client.answers(`http://${pod.address}:8080/healthz/ready`, gateway));
      if (!up) continue;
      await check(`${mode.name}: from another namespace only the gateway's port answers, the server's does not`, async () => {
        await until('the server listens', () => pod.listeners().includes('127.0.0.1:3000'), { deadline: 5000 });
        equal(pod.ask({ url: 'http://127.0.0.1:3000/mcp', ...call() }).status, 200, 'the server, from within its pod');
        const open = pod.listeners().filter(address => !address.startsWith('127.') && !address.startsWith('[::1]'));
        equal(open.map(address => address.split(':').at(-1)), ['8080'], 'ports open beyond loopback');
        for (const port of new Set(pod.listeners().map(address => address.split(':').at(-1)))) {
          const answer = client.ask({ url: `http://${pod.address}:${port}/mcp`, ...call() });
          equal(answer.status ?? answer.error, port === '8080' ? 401 : 'ECONNREFUSED', `port ${port}`);
        }
      });
      await check(`${mode.name}: the right token is let through, and the server sees what this mode promises`, async () => {
        const token = await issuer.token(audience);
        const answer = ask(token);
        equal(answer.status, 200, answer.body ?? answer.error);
        const { seen } = JSON.parse(answer.body).result;
        equal(seen.authorization, mode.arrives(token), 'Authorization at the server');
        if (mode.name !== 'same-token') assert(!JSON.stringify(seen).includes(token.split('.')[2]), "the client's token reached the server");
      });
      await check(`${mode.name}: a token for another server, of a strange key, expired, or none at all is refused`, async () => {
        const past = Math.floor(Date.now() / 1000) - 3600;
        const refused = {
          'another server': await issuer.token('https://mcp.example.com/weather'),
          'another path': await issuer.token('https://legacy.example.com/mcp/'),
          'two servers': await issuer.token([audience, 'https://mcp.example.com/weather']),
          'a strange key': await stranger.token(audience),
          expired: await issuer.token(audience, { iat: past, nbf: past, exp: past + 60 }),
        };
        for (const [what, token] of Object.entries(refused)) {
          const answer = ask(token);
          equal([answer.status, challenge(answer)], [401, 'invalid_token'], what);
        }
        equal(ask().status, 401, 'no token');
      });
    }

    await check('these checks see a server that listens on every address', async () => {
      const pod = network.pod('open');
      pod.start('node', [stub('mcp-server'), '0.0.0.0', '3000']);
      await until('the server listens', () => pod.listeners().length > 0, { deadline: 5000 });
      equal(client.ask({ url: `http://${pod.address}:3000/mcp`, ...call() }).status, 200, 'from another namespace');
    });
  } finally {
    await network.close();
    rmSync(work, { recursive: true, force: true });
  }
}
