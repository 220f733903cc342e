using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Front;
using TokenExchange.AspNetCore.Http;

namespace Gateway.Generations;

/// <summary>Builds the documents that anybody may read, by path: of servers (RFC 9728), of the local issuer and of fronts (RFC 8414).</summary>
internal static class DocumentBuilder
{
    public static FrozenDictionary<string, Document> Build(BuildContext context, ImmutableArray<McpServer> servers, FrozenDictionary<string, ClientFront>? fronts)
    {
        var options = context.Options;
        var documents = new Dictionary<string, Document>(StringComparer.Ordinal);
        foreach (var (server, from) in servers.Zip(context.Topology))
        {
            var bytes = ResourceDocument.Write(
                server.Resource,
                server.Id,
                from.InboundServers.Select(name => from.UsesFrontOf(name, options.AuthorizationServers[name]) ? fronts![name].Issuer : options.AuthorizationServers[name].Issuer!),
                server.Challenge.AdvertisedScopes,
                server.Admission.Sender.Settings.Algorithms,
                server.Admission.Sender.Required);
            documents.Add(ResourceDocument.PathOf(server.Path), new Document(() => bytes));
        }

        if (context.LocalIssuer is { } issuer)
        {
            var path = new Uri(options.LocalIssuer!.Issuer!).AbsolutePath.TrimEnd('/');
            documents.Add(path + "/jwks", new Document(() => issuer.Jwks));
            documents.Add("/.well-known/oauth-authorization-server" + path, new Document(() => issuer.Metadata));
            documents.Add(path + "/.well-known/openid-configuration", new Document(() => issuer.Metadata));
        }

        foreach (var front in fronts?.Values ?? [])
        {
            var metadata = front.Metadata();
            documents.Add("/.well-known/oauth-authorization-server" + front.Path, new Document(() => metadata));
        }

        return documents.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
