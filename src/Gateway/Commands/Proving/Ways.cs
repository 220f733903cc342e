using System.Collections.Immutable;
using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Commands.Proving;

/// <summary>Every way through a configuration, from the same topology that the gateway runs.</summary>
internal static class Ways
{
    private static readonly TimeSpan UsualLifetime = TimeSpan.FromHours(1);

    public static ImmutableArray<Way> Of(GatewayOptions options, ImmutableArray<ServerTopology> servers) =>
    [
        .. from server in servers
           where server.Outbound.Mode is not null
           from name in server.InboundServers
           where options.AuthorizationServers.ContainsKey(name)
           from audience in server.AcceptedAudiences
           select Of(options, server, name, options.AuthorizationServers[name], audience),
    ];

    private static Way Of(GatewayOptions options, ServerTopology server, string name, AuthorizationServerOptions issuer, string audience)
    {
        var outbound = server.Outbound;
        var mode = outbound.Mode!.Value;
        var asked = options.AuthorizationServers.GetValueOrDefault(outbound.AuthorizationServer ?? "");
        var profile = asked is null ? null : ExchangeProfile.Find(asked.Profile);
        return new Way
        {
            Server = server.Id,
            AuthorizationServer = name,
            Issuer = issuer.Issuer ?? "",
            Audience = audience,
            Beside = server.Options.MultipleAudiences == MultipleAudiences.Allow ? null : [.. server.AcceptedAudiences.Where(other => other != audience), .. server.CompanionAudiences(issuer)],
            Clients = server.Options.AllowedClients is { } clients ? [.. clients] : null,
            RequiredScopes = [.. server.Options.RequiredScopes],
            Mode = mode,
            McpServer = server.Destinations,
            OutboundIssuer = mode == OutboundMode.SameToken ? issuer.Issuer : server.ResultIssuer,
            OutboundAudiences = mode == OutboundMode.SameToken ? [audience] : server.ResultAudiences,
            OutboundScopes = mode switch
            {
                OutboundMode.Exchange or OutboundMode.Local => ScopesOf(outbound, profile),
                OutboundMode.SameToken => null,
                _ => [],
            },
            Lifetime = mode switch
            {
                OutboundMode.Exchange => outbound.MaxLifetime ?? profile?.MaxLifetime ?? UsualLifetime,
                OutboundMode.Local => outbound.Lifetime ?? OutboundOptions.UsualLifetime,
                OutboundMode.SameToken => issuer.MaxTokenLifetime,
                _ => null,
            },
            Outlives = mode switch
            {
                OutboundMode.Exchange => outbound.MaxOutlive ?? profile?.MaxOutlive ?? outbound.MaxLifetime ?? profile?.MaxLifetime ?? UsualLifetime,
                OutboundMode.Local or OutboundMode.SameToken => TimeSpan.Zero,
                _ => null,
            },
            Actor = mode switch
            {
                OutboundMode.Exchange when outbound.ActorToken is not null => "the subject of the actor token, or " + (asked is null ? "the client" : server.ClientAt(asked)?.Id),
                OutboundMode.Exchange => asked is null ? null : server.ClientAt(asked)?.Id,
                OutboundMode.Local => server.Resource,
                OutboundMode.SameToken => "as it came in",
                _ => null,
            },
        };
    }

    /// <summary>Null: the inbound token's, mapped onto themselves.</summary>
    private static ImmutableArray<string>? ScopesOf(OutboundOptions outbound, ExchangeProfile? profile)
    {
        var mapped = outbound.ScopeMap?.SelectMany(map => map.Outbound ?? []);
        var only = outbound.Scopes;
        var bounded = mapped is null ? only : only is null ? mapped : mapped.Intersect(only, StringComparer.Ordinal);
        var extra = outbound.Mode == OutboundMode.Exchange ? outbound.ExtraResultScopes ?? profile?.ExtraResultScopes.AsEnumerable() ?? [] : [];
        return bounded is null ? null : [.. bounded.Concat(extra).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
