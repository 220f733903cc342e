using System.Collections.Frozen;
using Gateway.Front;

namespace Gateway.Generations;

/// <summary>Builds the fronts for clients that cannot register.</summary>
internal static class FrontBuilder
{
    /// <summary>By configured name of the authorization server; null where there is none.</summary>
    public static FrozenDictionary<string, ClientFront>? Build(BuildContext context, TimeProvider clock)
    {
        var publicUrl = context.PublicUrl;
        var configured = context.Options.AuthorizationServers.Where(server => server.Value.Registration is not null).ToArray();
        return configured.Length == 0 ? null : configured.ToFrozenDictionary(server => server.Key, server =>
        {
            var registration = server.Value.Registration!;
            var fronted = context.Topology.Where(one => one.UsesFrontOf(server.Key, server.Value))
                .Select(one => new FrontedServer(one.Id, one.Resource, string.Join(' ', registration.Scopes![one.Id])));
            return new ClientFront
            {
                Name = server.Key,
                Issuer = ClientFront.IssuerOf(publicUrl, server.Key),
                Origin = publicUrl,
                Server = context.Connections[server.Key],
                ClientId = registration.ClientId!,
                RedirectUris = new RedirectUris(registration.RedirectUris!),
                Servers = ByResource(fronted, publicUrl),
                ForwardResource = registration.ForwardResource,
                Seal = new ConsentSeal(context.Keys.Derive("front-consent"), clock),
            };
        });
    }

    /// <summary>By identifier; that of a server at the root is the same with a slash, which many clients write.</summary>
    private static FrozenDictionary<string, FrontedServer> ByResource(IEnumerable<FrontedServer> servers, string publicUrl) =>
        servers.SelectMany(server => server.Resource == publicUrl ? [(server.Resource, server), (server.Resource + "/", server)] : new[] { (server.Resource, server) })
            .ToFrozenDictionary(pair => pair.Item1, pair => pair.server, StringComparer.Ordinal);
}
