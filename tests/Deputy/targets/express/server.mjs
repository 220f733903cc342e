// node server.mjs PORT ISSUER [NAME AUDIENCE MCP_SERVER]...
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { createProxyMiddleware } from 'http-proxy-middleware';

const [port, issuer, ...servers] = process.argv.slice(2);
const app = express();
for (let i = 0; i < servers.length; i += 3) {
  const [name, audience, target] = servers.slice(i);
  app.use(
    `/${name}`,
    auth({ issuerBaseURL: issuer, audience, tokenSigningAlg: 'ES256', strict: true }),
    createProxyMiddleware({ target: `${target}/mcp`, changeOrigin: true }),
  );
}

app.listen(Number(port), '127.0.0.1');
