// Replicas of one gateway before a real Redis, spoken to over TLS and as an ACL user, and what a test does to them.
import assert from 'node:assert/strict';
import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSigningKey, startGateway, writeSecret } from './gateway.mjs';
import { run } from './processes.mjs';
import { startRedis } from '../peers/redis.mjs';
import { startStaticIssuer } from '../peers/static-issuer.mjs';

const publicUrl = 'https://mcp.example.com';
export const resource = `${publicUrl}/weather`;

/** What the documentation says that the gateway's user needs. */
const aclUser = (password) =>
  `user mcp-gateway on >${password} ~mcp-gateway:* &mcp-gateway:* +@connection +info +config|get +get +set +incr +incrby +zadd +zrangebyscore +zrem +multi +exec +publish +subscribe +wait +time`;

/**
 * Starts `count` replicas of one server `weather` at `destination`; answers { redis, passwordFile, issuer, gateways, start }.
 * `sharedState` and `server` are added to what is written there; `state` is the section `Redis` of a state that is there already.
 */
export async function startReplicas(stage, { count, destination, sharedState = {}, server = {}, state }) {
  const directory = await mkdtemp(join(tmpdir(), 'state-'));
  stage.keep({ stop: () => rm(directory, { recursive: true, force: true }) });
  const in_ = (name) => join(directory, name);
  await writeSecret(in_('session-keys'), randomBytes(32).toString('base64'));
  await newSigningKey(in_('signing'));
  const own = state ? { section: state } : await startOwnRedis(stage, in_);
  const issuer = stage.keep(await startStaticIssuer());
  const start = () =>
    startGateway(() => ({
      PublicUrl: publicUrl,
      SessionKeyFile: in_('session-keys'),
      LocalIssuer: { Issuer: `${publicUrl}/hop`, KeyDirectory: in_('signing') },
      SharedState: { Redis: own.section, ...sharedState },
      AuthorizationServers: { corp: { Issuer: issuer.issuer, JwksUrl: `${issuer.issuer}/jwks`, BackchannelLogout: true, Client: { Id: 'mcp-gateway', Authentication: 'none' } } },
      Servers: { weather: { Destinations: [destination], Outbound: { Mode: 'local', Resource: 'https://weather.internal/mcp' }, ...server } },
    }));
  const gateways = [];
  for (let i = 0; i < count; i += 1) gateways.push(await start());
  stage.keep({ stop: () => Promise.all(gateways.map((gateway) => gateway.stop())) });
  return { redis: own.redis, passwordFile: own.passwordFile, issuer, gateways, start };
}

/** A Redis that speaks TLS alone, with the gateway's user and one that may do everything. */
async function startOwnRedis(stage, in_) {
  const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', in_('key.pem'), '-out', in_('cert.pem')]);
  assert.equal(made.code, 0, made.stderr);
  const [password, admin] = [newPassword(), newPassword()];
  const passwordFile = in_('password');
  await writeSecret(passwordFile, password);
  const tls = [`tls-cert-file ${in_('cert.pem')}`, `tls-key-file ${in_('key.pem')}`, `tls-ca-cert-file ${in_('cert.pem')}`, 'tls-auth-clients no'];
  const redis = stage.keep(await startRedis([...tls, 'user default off', `user admin on >${admin} ~* &* +@all`, aclUser(password)], { tls: true }));

  /** Says something as the user who may do everything. */
  redis.say = async (...command) => {
    const { code, stdout, stderr } = await run('redis-cli', ['-p', redis.port, '--tls', '--cacert', in_('cert.pem'), '--user', 'admin', ...command], { env: { REDISCLI_AUTH: admin } });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  return { redis, passwordFile, section: { Endpoints: [`127.0.0.1:${redis.port}`], User: 'mcp-gateway', PasswordFile: passwordFile, CaFile: in_('cert.pem') } };
}

export const newPassword = () => randomBytes(24).toString('base64url');

/** One call in the name of a token. `headers` and `agent` are for whoever goes through something else first. */
export async function call(origin, token, { headers = {}, agent } = {}) {
  const { status, headers: said, body } = await post(`${origin}/weather`, { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers }, '{"jsonrpc":"2.0","id":1,"method":"ping"}', agent);
  return { status, reason: JSON.parse(body).reason, retryAfter: Number(said['retry-after']), replica: said['x-replica'] };
}

/** What an authorization server says when a user has logged out; answers the status. */
export async function logOut(origin, logoutToken, headers = {}) {
  const { status } = await post(`${origin}/backchannel-logout/corp`, { 'content-type': 'application/x-www-form-urlencoded', ...headers }, new URLSearchParams({ logout_token: logoutToken }).toString());
  return status;
}

/** A listening stream; `ended` is when it was over, in one way or another, and `events` how many came. */
export function openStream(origin, token, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${origin}/weather`, { agent: false, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...headers } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`The stream was answered with ${response.statusCode}.`));
      const stream = { open: true, events: 0, replica: response.headers['x-replica'], close: () => request.destroy() };
      stream.ended = new Promise((over) => response.once('close', () => over((stream.open = false) || performance.now())));
      response.on('error', () => {}).on('data', () => (stream.events += 1));
      resolve(stream);
    });
    request.on('error', reject);
  });
}

/** An MCP server for many streams: what is asked is answered at once, what listens is told something when `tell` is called. */
export function countingServer() {
  const streams = new Set();
  const server = http.createServer((request, response) => {
    request.resume();
    if (request.method !== 'GET') return response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
    streams.add(response);
    response.once('close', () => streams.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  });
  return { server, streams, tell: () => streams.forEach((stream) => stream.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n')) };
}

/** The value that `share` of all are at or below. */
export const percentile = (values, share) => values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1];

function post(url, headers, body, agent) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('error', reject).on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on('error', reject).end(body);
  });
}
