// A gateway in the middle of a bad night: several servers, callers of many kinds, streams open, one authorization server
// down and another that issues nothing. Peers are real sockets of this process; the gateway is the program itself.
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";

const base64url = value => Buffer.from(value).toString("base64url");

async function freePort() {
  const probe = createSocket().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function listen(handler) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    try { await handler(request, response, body); } catch (error) { response.destroy(error); }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

const json = (response, status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

/** Two authorization servers on one socket: corp works, europe has keys and answers every exchange with 503. */
async function authorizationServers() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "2026-11", use: "sig", alg: "ES256" };
  const mint = (claims, { typ = "at+jwt", kid = jwk.kid, key = privateKey } = {}) => {
    const text = `${base64url(JSON.stringify({ alg: "ES256", typ, kid }))}.${base64url(JSON.stringify(claims))}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  const now = () => Math.floor(Date.now() / 1000);
  const { server, url } = await listen((request, response, body) => {
    const realm = request.url.includes("europe") ? "europe" : "corp";
    const issuer = `${url}/realms/${realm}`;
    if (request.url.startsWith("/.well-known/oauth-authorization-server")) return json(response, 200, { issuer, jwks_uri: `${issuer}/keys`, token_endpoint: `${issuer}/token` });
    if (request.url.endsWith("/keys")) return json(response, 200, { keys: [jwk] });
    if (!request.url.endsWith("/token")) return json(response, 404, {});
    if (realm === "europe") return json(response, 503, { error: "temporarily_unavailable" });
    const form = new URLSearchParams(body);
    const subject = JSON.parse(Buffer.from(form.get("subject_token").split(".")[1], "base64url"));
    const refusals = { "mallory@example.com": "invalid_grant", "eve@example.com": "access_denied" };
    if (refusals[subject.sub]) return json(response, 400, { error: refusals[subject.sub] });
    const claims = {
      iss: issuer, sub: subject.sub, aud: subject.sub.startsWith("oscar") ? "https://somebody.else.example.com" : form.get("audience") ?? form.get("resource"), client_id: "mcp-gateway",
      iat: now(), exp: now() + 300, jti: randomUUID(), act: { sub: "mcp-gateway" }, ...(form.get("scope") ? { scope: form.get("scope") } : {}),
    };
    json(response, 200, { access_token: mint(claims), issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: 300 });
  });
  const token = (realm, audience, claims = {}, how = {}) =>
    mint({ iss: `${url}/realms/${realm}`, sub: "alice@example.com", aud: audience, client_id: "assistant", iat: now(), exp: now() + 600, jti: randomUUID(), scope: "mcp weather:read", ...claims }, how);
  return { server, url, token, mint, now, stranger };
}

/** MCP servers by path: weather and reports answer, billing fails half of the time, wiki is somewhere else. */
async function mcpServers() {
  const open = new Set();
  let bills = 0;
  const { server, url } = await listen((request, response, body) => {
    if (request.method === "GET") {
      open.add(response.writeHead(200, { "content-type": "text/event-stream" }));
      response.write("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"on\"}}\n\n");
      return;
    }
    if (request.url.startsWith("/wiki")) return json(response, 404, { error: "no such page" });
    // The third call is refused twice: with its hop token, and with a fresh one.
    if (request.url.startsWith("/billing") && [3, 4].includes(++bills)) return response.writeHead(401, { "www-authenticate": "Bearer error=\"invalid_token\", error_description=\"unexpected audience\"" }).end();
    if (request.url.startsWith("/billing") && bills % 2 === 0) return json(response, 503, { error: "database" });
    json(response, 200, { jsonrpc: "2.0", id: JSON.parse(body || "{}").id ?? 1, result: { content: [] } });
  });
  return { server, url, open };
}

/** Starts everything and lets it happen; what is returned is a page worth looking at. */
export async function startBusyGateway(program) {
  const directory = mkdtempSync(join(tmpdir(), "page-"));
  const [issuers, mcp] = [await authorizationServers(), await mcpServers()];
  const [port, management, closed] = [await freePort(), await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const client = { Id: "mcp-gateway", Authentication: "client_secret_basic", Secret: "not-a-secret" };
  const exchange = () => ({ Mode: "exchange", AuthorizationServer: "corp" });
  const configuration = {
    Gateway: {
      PublicUrl: origin,
      DrainDelay: "00:00:00",
      Management: { Url: `http://127.0.0.1:${management}`, Page: true },
      Audit: { File: join(directory, "audit.jsonl") },
      AuthorizationServers: {
        corp: { Issuer: `${issuers.url}/realms/corp`, BackchannelLogout: true, Client: client },
        europe: { Issuer: `${issuers.url}/realms/europe`, Client: client },
        partner: { Issuer: `http://127.0.0.1:${closed}/identity/partner-organisation`, Client: client },
      },
      Servers: {
        weather: {
          Destinations: [`${mcp.url}/weather/mcp`], AuthorizationServers: ["corp"], Outbound: exchange(),
          Operations: [{ Method: "tools/call", Name: "delete_*", Scopes: ["weather:write"] }, { Method: "resources/*", Deny: true }],
        },
        billing: { Destinations: [`${mcp.url}/billing/mcp`], AuthorizationServers: ["corp"], AllowedClients: ["assistant", "back-office"], Outbound: exchange() },
        wiki: { Destinations: [`${mcp.url}/wiki/mpc`], AuthorizationServers: ["corp"], Outbound: exchange() },
        reports: { Destinations: [`${mcp.url}/reports/mcp`], AuthorizationServers: ["europe"], Outbound: { Mode: "exchange", AuthorizationServer: "europe" } },
        "customer-relationship-management": { Destinations: [`${mcp.url}/crm/mcp`], AuthorizationServers: ["partner"], Outbound: { Mode: "exchange", AuthorizationServer: "partner" } },
        archive: { Destinations: [`http://127.0.0.1:${closed}/mcp`], AuthorizationServers: ["corp"], Outbound: exchange() },
      },
    },
    Logging: { LogLevel: { Default: "Warning", "Gateway.Audit": "None" } },
  };
  const file = join(directory, "gateway.json");
  writeFileSync(file, JSON.stringify(configuration, null, 2));
  const gateway = spawn("dotnet", [program, "run", "--config", file, "--urls", origin], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    for (const stream of mcp.open) stream.end();
    gateway.kill("SIGTERM");
    if (gateway.exitCode === null) await once(gateway, "exit");
    for (const server of [issuers.server, mcp.server]) server.closeAllConnections(), server.close();
    rmSync(directory, { recursive: true });
  };
  try {
    await new Promise((resolve, reject) => {
      let text = "";
      gateway.stdout.on("data", data => (text += data).includes("gateway ") && text.includes("archive: ") && resolve());
      gateway.on("exit", code => reject(new Error(`the gateway ended early (${code}):\n${text}`)));
    });
    const happened = await happen({ origin, issuers, configuration, file, management: `http://127.0.0.1:${management}` });
    return { url: `http://127.0.0.1:${management}`, token: issuers.token("corp", `${origin}/weather`), stop, ...happened };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function happen({ origin, issuers, configuration, file, management }) {
  const leaving = new AbortController();
  const call = async (path, token, { tool = "forecast", method = "tools/call", body, headers = {}, query = "" } = {}) => {
    const response = await fetch(`${origin}${path}${query}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      body: body ?? JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { name: tool, uri: method.startsWith("resources") ? "file:///etc/forecast" : undefined, arguments: {} } }),
    });
    await response.arrayBuffer();
    return response;
  };
  const { token } = issuers;
  const [weather, billing, wiki] = ["weather", "billing", "wiki"].map(id => `${origin}/${id}`);
  const people = ["alice@example.com", "bob@example.com", "auth0|5f7c8ec7c33c6c004bbafe82", "carol@example.com"];
  for (let i = 0; i < 40; i++) await call("/weather", token("corp", weather, { sub: people[i % people.length] }));
  for (let i = 0; i < 9; i++) await call("/billing", token("corp", billing, { sub: people[i % 3], client_id: "back-office" }), { tool: "create_invoice_for_customer" });
  for (let i = 0; i < 4; i++) await call("/wiki", token("corp", wiki, { sub: "dave@example.com" }), { tool: "search" });
  // Held, or their connections are collected with them.
  const listening = [];
  for (let i = 0; i < 3; i++) listening.push(await fetch(weather, { headers: { authorization: `Bearer ${token("corp", weather, { sid: `session-${i}` })}`, accept: "text/event-stream" }, signal: leaving.signal }));

  for (let i = 0; i < 7; i++) await call("/weather");
  for (let i = 0; i < 12; i++) await call("/billing", token("corp", weather, { sub: people[i % people.length] }), { tool: "create_invoice_for_customer" });
  await call("/weather", token("corp", weather, { exp: issuers.now() - 600, iat: issuers.now() - 1200 }));
  await call("/weather", token("corp", weather), { tool: "delete_forecast_of_every_station" });
  await call("/weather", token("corp", weather), { method: "resources/read" });
  await call("/billing", token("corp", billing, { client_id: "experimental-desktop-client" }));
  await call("/weather", "eyJhbGciOiJub25lIn0.e30.");
  await call("/weather", "opaque-token");
  await call("/weather", token("corp", weather, { iss: "https://login.example.org" }));
  await call("/weather", token("corp", weather, {}, { key: issuers.stranger }));
  await call("/weather", token("corp", weather, {}, { kid: "2019-01" }));
  await call("/weather", token("corp", weather), { body: "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}" });
  await call("/weather", token("corp", weather), { headers: { origin: "https://evil.example.com" } });
  await call("/weather", null, { query: "?access_token=x" });
  await call("/nowhere");
  await call("/weather", token("corp", weather, { sub: "mallory@example.com" }));
  await call("/weather", token("corp", weather, { sub: "eve@example.com" }));
  await call("/weather", token("corp", weather, { sub: "oscar@example.com" }));
  for (const sub of people) await call("/reports", token("europe", `${origin}/reports`, { sub }), { tool: "quarterly_report" });
  for (let i = 0; i < 5; i++) await call("/customer-relationship-management", token("corp", weather, { iss: configuration.Gateway.AuthorizationServers.partner.Issuer, aud: `${origin}/customer-relationship-management` }));
  await call("/archive", token("corp", `${origin}/archive`));

  // A session ends: its stream is broken off, and its token is refused from now on.
  const logout = issuers.mint({ iss: `${issuers.url}/realms/corp`, aud: "mcp-gateway", iat: issuers.now(), exp: issuers.now() + 60, jti: randomUUID(), sid: "session-2", events: { "http://schemas.openid.net/event/backchannel-logout": {} } }, { typ: "logout+jwt" });
  const told = await fetch(`${origin}/backchannel-logout/corp`, { method: "POST", body: new URLSearchParams({ logout_token: logout }) });
  if (told.status !== 200) throw new Error(`the logout was answered ${told.status}`);
  await call("/weather", token("corp", weather, { sid: "session-2" }));

  // The configuration changes, once for the better and once not.
  configuration.Gateway.Servers.weather.RequiredScopes = ["mcp"];
  configuration.Gateway.Servers.archive.MaxRequestBody = 1048576;
  writeFileSync(file, JSON.stringify(configuration));
  const until = async (wanted, what) => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
      const ready = await (await fetch(`${management}/healthz/ready`)).json();
      if (wanted(ready)) return;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    throw new Error(`it never happened: ${what}`);
  };
  await until(ready => ready.generation === 2, "generation 2");
  return {
    breakConfiguration: async () => {
      writeFileSync(file, JSON.stringify({ ...configuration, Gateway: { ...configuration.Gateway, PublikUrl: "https://mcp.example.com" } }));
      await until(ready => ready.reload_problems.length > 0, "a refused configuration");
    },
    leave: () => listening.length > 0 && leaving.abort(),
  };
}
