using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Generations;

/// <summary>
/// What follows from the options of one server once every default is resolved: who is accepted there, and what is asked
/// for behind it. The rules of the linter and the running gateway read the same, so that they cannot disagree.
/// </summary>
internal sealed record ServerTopology
{
    public required string Id { get; init; }

    public required ServerOptions Options { get; init; }

    /// <summary>The path under the public URL; <c>/</c> for the root.</summary>
    public required string Path { get; init; }

    /// <summary>The resource identifier: what a token for this server is minted for.</summary>
    public required string Resource { get; init; }

    /// <summary>The <c>aud</c> values that identify this server: its identifier and exact aliases.</summary>
    public required ImmutableArray<string> AcceptedAudiences { get; init; }

    /// <summary>The trusted inbound authorization servers, by name.</summary>
    public required ImmutableArray<string> InboundServers { get; init; }

    public required ImmutableArray<string> Destinations { get; init; }

    /// <summary>Whether its clients sign in by the front of an authorization server.</summary>
    public bool UsesFrontOf(string name, AuthorizationServerOptions server) => InboundServers.Contains(name) && server.Registration?.Scopes?.ContainsKey(Id) == true;

    public OutboundOptions Outbound => Options.Outbound ?? new OutboundOptions();

    /// <summary>The RFC 8707 identifier of the MCP server; null when it cannot be told.</summary>
    public required string? OutboundResource { get; init; }

    /// <summary>The audiences of hop tokens; empty in the modes without one.</summary>
    public required ImmutableArray<string> ResultAudiences { get; init; }

    /// <summary>The <c>iss</c> of hop tokens; null in the modes without one.</summary>
    public required string? ResultIssuer { get; init; }

    /// <summary>Resolves all servers; what is missing or wrong in the options stays null or empty, for the rules to name.</summary>
    public static ImmutableArray<ServerTopology> Of(GatewayOptions options)
    {
        var inbound = options.AuthorizationServers.Where(server => server.Value.Inbound).Select(server => server.Key).ToImmutableArray();
        var publicUrl = PublicUrlOf(options);
        return [.. options.Servers.Select(server => Of(options, publicUrl, inbound, server.Key, server.Value))];
    }

    /// <summary>For each inbound issuer, what any server here accepts from it: a result that holds one of these comes back as a boomerang.</summary>
    public static FrozenDictionary<string, FrozenSet<string>> InboundAudiences(GatewayOptions options, ImmutableArray<ServerTopology> topology) =>
        topology.SelectMany(server => server.InboundServers.Select(name => (Issuer: options.AuthorizationServers[name].Issuer!, server.AcceptedAudiences)))
            .GroupBy(pair => pair.Issuer, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.SelectMany(pair => pair.AcceptedAudiences).ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The public URL in its one spelling, without a slash at the end.</summary>
    public static string PublicUrlOf(GatewayOptions options) => CanonicalUri.Of(options.PublicUrl).TrimEnd('/');

    private static ServerTopology Of(GatewayOptions options, string publicUrl, ImmutableArray<string> inbound, string id, ServerOptions server)
    {
        var path = server.Path ?? "/" + id;
        var resource = path == "/" ? publicUrl : publicUrl + path;
        ImmutableArray<string> destinations = [.. server.Destinations ?? []];
        var outbound = server.Outbound ?? new OutboundOptions();
        var outboundResource = outbound.Resource is { } given ? CanonicalUri.Of(given)
            : destinations is [var only] && !UnixDestination.IsMeant(only) ? CanonicalUri.Of(only)
            : null;
        ImmutableArray<string> accepted = [resource, .. path == "/" ? [resource + "/"] : Array.Empty<string>(), .. server.AcceptedAudiences.Select(CanonicalUri.Of)];
        return new ServerTopology
        {
            Id = id,
            Options = server,
            Path = path,
            Resource = resource,
            AcceptedAudiences = [.. accepted.Distinct(StringComparer.Ordinal)],
            InboundServers = server.AuthorizationServers is { } named ? [.. named] : inbound,
            Destinations = destinations,
            OutboundResource = outboundResource,
            ResultAudiences = outbound.Mode switch
            {
                OutboundMode.Exchange when outbound.ResultAudiences is { } audiences => [.. audiences.Concat(audiences.Select(CanonicalUri.Of)).Distinct(StringComparer.Ordinal)],
                // Sent as written, and so what the result is compared with.
                OutboundMode.Exchange when outbound.Audience is { } audience => [audience],
                OutboundMode.Exchange or OutboundMode.Local when outboundResource is not null => [outboundResource],
                _ => [],
            },
            ResultIssuer = outbound.Mode switch
            {
                OutboundMode.Exchange => IssuerOf(options, outbound.ResultIssuer ?? outbound.AuthorizationServer),
                OutboundMode.Local => options.LocalIssuer?.Issuer,
                _ => null,
            },
        };
    }

    /// <summary>The audiences that may stand beside this server's in tokens of one authorization server.</summary>
    public ImmutableArray<string> CompanionAudiences(AuthorizationServerOptions server)
    {
        if (server.CompanionAudiences is { } given)
        {
            return [.. given.Select(CanonicalUri.Of)];
        }

        var byProduct = server.Issuer is { } issuer ? ExchangeProfile.Find(server.Profile)?.CompanionAudiences(issuer) ?? [] : [];
        return ClientAt(server)?.Id is { } client ? [client, .. byProduct] : byProduct;
    }

    /// <summary>The gateway as a client of an authorization server, on behalf of this server.</summary>
    public ClientOptions? ClientAt(AuthorizationServerOptions server) =>
        Outbound.Mode == OutboundMode.Exchange ? Outbound.Client ?? server.Client : server.Client;

    private static string? IssuerOf(GatewayOptions options, string? name) =>
        name is not null && options.AuthorizationServers.TryGetValue(name, out var server) ? server.Issuer : null;
}
