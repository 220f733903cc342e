// oidc-provider, the gateway and any MCP servers behind it, each with token exchange.
import { join } from 'node:path';
import { startGateway, writeSecret } from './gateway.mjs';
import { signIn } from './sign-in.mjs';
import { startOidcProvider } from '../peers/oidc-provider.mjs';

/** `servers` maps an id to { destination, ...settings of Gateway:Servers }; answers { url(id), token(id) }. */
export async function startBehindGateway(stage, servers) {
  const oidc = stage.keep(await startOidcProvider({ scopes: ['mcp:use'] }));
  const gateway = stage.keep(
    await startGateway(async ({ directory }) => {
      await writeSecret(join(directory, 'secret'), oidc.secret);
      return {
        AuthorizationServers: {
          corp: { Issuer: oidc.issuer, Client: { Id: 'mcp-gateway', Authentication: 'client_secret_basic', SecretFile: join(directory, 'secret') } },
        },
        Servers: Object.fromEntries(
          Object.entries(servers).map(([id, { destination, ...settings }]) => [
            id,
            { Destinations: [destination], RequiredScopes: ['mcp:use'], Outbound: { Mode: 'exchange', AuthorizationServer: 'corp', Resource: resourceOf(id) }, ...settings },
          ]),
        ),
      };
    }),
  );
  const url = (id) => gateway.url(`/${id}`);
  const ids = Object.keys(servers);
  oidc.allow({ inbound: ids.map(url), outbound: ids.map(resourceOf) });
  return { gateway, oidc, url, token: async (id) => (await signIn(url(id))).user.tokens().access_token };
}

const resourceOf = (id) => `https://${id}.internal/mcp`;
