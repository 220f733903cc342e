// Two hops for real: the shipped front door and sidecar, each in a namespace of its own, and an authorization server. What
// is a key at one hop opens nothing at the other, and the server at the far end still learns who asked, and through whom.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { assert, check, equal } from '../lib/checks.mjs';
import { secret, shipped } from '../lib/configuration.mjs';
import { claimsOf, newIssuer } from '../lib/issuer.mjs';
import { call, challenge, initialize } from '../lib/mcp.mjs';
import { Network } from '../lib/namespaces.mjs';
import { gatewayCommand, stub } from '../lib/programs.mjs';

const legacy = 'https://mcp.example.com/legacy';
const sidecar = 'https://legacy-mcp.mcp.svc.cluster.local/mcp';

export default async function suite() {
  const work = mkdtempSync(join(tmpdir(), 'two-hop-'));
  const [program, ...first] = gatewayCommand();
  const network = new Network('th');
  try {
    const login = network.pod('as');
    const front = network.pod('front');
    const back = network.pod('back');
    const client = network.pod('client');
    const corp = await newIssuer(`http://${login.address}:8081`);
    login.start('node', [stub('authorization-server'), login.address, '8081', secret(join(work, 'issuer.json'), JSON.stringify({ ...corp, base: corp.issuer }))]);
    await login.answers(`${corp.issuer}/jwks`);
    const keys = name => {
      execFileSync(program, [...first, 'keys', 'new', '--directory', join(work, name)]);
      return join(work, name);
    };
    const [frontKeys, backKeys] = [keys('front'), keys('back')];
    const frontDoor = (name, serverAddress) => shipped('overlays/two-hop/front-door.json', join(work, `${name}.json`), gateway => {
      Object.assign(gateway.AuthorizationServers.corp, { Issuer: corp.issuer, AllowHttp: true });
      gateway.AuthorizationServers.corp.Client.AssertionFile = secret(join(work, 'assertion'), 'an.assertion.only');
      gateway.LocalIssuer.KeyDirectory = frontKeys;
      gateway.SessionKeyFile = secret(join(work, 'session'), `${Buffer.alloc(32, 7).toString('base64')}\n`);
      gateway.Management = null;
      gateway.Servers.legacy.Destinations = [`http://${serverAddress}/mcp`];
      // Another server that is minted for by the same issuer, and one that the authorization server exchanges for: both
      // are servers that tell which token they got.
      gateway.Servers.archive = { Path: '/archive', Destinations: [`http://${client.address}:9001/mcp`], Outbound: { Mode: 'local', Resource: 'https://archive.mcp.svc.cluster.local/mcp' } };
      gateway.Servers.weather.Destinations = [`http://${client.address}:9002/mcp`];
    });
    const sidecarFile = shipped('overlays/two-hop/sidecar.json', join(work, 'sidecar.json'), gateway => {
      Object.assign(gateway.AuthorizationServers['front-door'], { JwksUrl: `http://${front.address}:8080/hop/jwks`, AllowHttp: true });
      gateway.LocalIssuer.KeyDirectory = backKeys;
    });
    for (const port of ['9001', '9002', '9003']) client.start('node', [stub('mcp-server'), client.address, port]);
    back.start('node', [stub('mcp-server'), '127.0.0.1', '3000']);
    const serve = (pod, file, port) => pod.start(program, [...first, 'run', '--config', file, '--urls', `http://*:${port}`]);
    const doors = [
      [`http://${front.address}:8080`, serve(front, frontDoor('front', `${back.address}:8080`), 8080)],
      // The same front door, with a thief where the sidecar should be: how hop tokens get stolen.
      [`http://${front.address}:8090`, serve(front, frontDoor('thief', `${client.address}:9003`), 8090)],
    ];
    const up = await check('front door and sidecar become ready under the shipped configurations', async () => {
      for (const [url, process] of doors) await client.answers(`${url}/healthz/ready`, process);
      // Its keys are published before the sidecar asks for them.
      await back.answers(`${doors[0][0]}/hop/jwks`);
      doors.push([`http://${back.address}:8080`, serve(back, sidecarFile, 8080)]);
      await client.answers(`${doors[2][0]}/healthz/ready`, doors[2][1]);
    });
    if (!up) return;

    const [frontUrl, thiefUrl, backUrl] = doors.map(([url]) => url);
    const ask = (url, token, more) => client.ask({ url, ...call(token, more) });
    const seen = answer => {
      equal(answer.status, 200, answer.body ?? answer.error);
      return JSON.parse(answer.body).result.seen;
    };
    const tokenSeen = answer => seen(answer).authorization.replace('Bearer ', '');
    const refused = (url, token, what) => {
      const answer = ask(url, token);
      equal([answer.status, challenge(answer)], [401, 'invalid_token'], what);
    };
    const inbound = await corp.token(legacy);
    let farEnd;

    await check('a call passes both hops; claims at the far end name the user and both actors', async () => {
      farEnd = tokenSeen(ask(`${frontUrl}/legacy`, inbound));
      const jwks = JSON.parse(client.ask({ url: `${backUrl}/hop/jwks`, method: 'GET' }).body);
      const { payload } = await jwtVerify(farEnd, createLocalJWKSet(jwks), {
        issuer: 'https://legacy-mcp.mcp.svc.cluster.local/hop', audience: 'https://legacy-mcp.mcp.svc.cluster.local/server', typ: 'at+jwt',
      });
      equal(payload.sub, 'alice', 'sub');
      equal(payload.act, { sub: sidecar, act: { sub: legacy } }, 'act');
      equal(payload.aud, 'https://legacy-mcp.mcp.svc.cluster.local/server', 'aud');
      assert(payload.exp <= claimsOf(inbound).exp, 'outlives the inbound token');
    });
    await check('the front door token of hop one, stolen, is refused straight at the sidecar', () => refused(`${backUrl}/mcp`, inbound, 'at the sidecar'));
    await check('the token of hop two is refused at the front door, and good at the sidecar alone', () => {
      const stolen = tokenSeen(ask(`${thiefUrl}/legacy`, inbound));
      equal(claimsOf(stolen).aud, sidecar, 'aud');
      equal(claimsOf(stolen).act, { sub: legacy }, 'act');
      for (const path of ['legacy', 'archive', 'weather', 'notes']) refused(`${frontUrl}/${path}`, stolen, path);
      const others = { ...call(stolen), body: call(stolen, { method: 'resources/list' }).body };
      equal(client.ask({ url: `${backUrl}/mcp`, ...others }).status, 401, 'at the sidecar, for another call');
      equal(ask(`${backUrl}/mcp`, stolen).status, 200, 'at the sidecar, which it names');
      refused(`${backUrl}/mcp`, stolen, 'at the sidecar, a second time');
    });
    await check("a token of the issuer that the sidecar trusts, for another server, is refused at the sidecar", async () => {
      const other = tokenSeen(ask(`${frontUrl}/archive`, await corp.token('https://mcp.example.com/archive')));
      equal([claimsOf(other).iss, claimsOf(other).aud], ['https://mcp.example.com/hop', 'https://archive.mcp.svc.cluster.local/mcp'], 'the token');
      refused(`${backUrl}/mcp`, other, 'at the sidecar');
    });
    await check('a token that the authorization server exchanged is refused at both hops', async () => {
      const exchanged = tokenSeen(ask(`${frontUrl}/weather`, await corp.token('https://mcp.example.com/weather')));
      equal([claimsOf(exchanged).iss, claimsOf(exchanged).aud], [corp.issuer, 'weather-mcp'], 'the token');
      refused(`${backUrl}/mcp`, exchanged, 'at the sidecar');
      refused(`${frontUrl}/weather`, exchanged, 'at the front door');
    });
    await check("the far end's own token is refused at both hops", () => {
      refused(`${frontUrl}/legacy`, farEnd, 'at the front door');
      refused(`${backUrl}/mcp`, farEnd, 'at the sidecar');
    });
    await check("a token that names the sidecar, but is the authorization server's own, is refused at the sidecar", async () =>
      refused(`${backUrl}/mcp`, await corp.token(sidecar), 'at the sidecar'));
    await check('a session spans both hops and is nobody else\'s', async () => {
      const begun = client.ask({ url: `${frontUrl}/legacy`, ...initialize(inbound) });
      equal(begun.status, 200, begun.body ?? begun.error);
      const session = begun.headers['mcp-session-id'];
      seen(ask(`${frontUrl}/legacy`, await corp.token(legacy), { session }));
      equal(ask(`${frontUrl}/legacy`, await corp.token(legacy, { sub: 'mallory' }), { session }).status, 404, "another user's session");
    });
  } finally {
    await network.close();
    rmSync(work, { recursive: true, force: true });
  }
}
