using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Policy;
using Gateway.Front;
using Gateway.Revoke;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Sender;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Generations;

/// <summary>
/// One configuration at run time, built whole and swapped whole: servers, public documents and YARP's records. A request
/// keeps the generation of its route until it ends.
/// </summary>
internal sealed record Generation
{
    /// <summary>Counts up from 1 with every configuration applied.</summary>
    public required long Number { get; init; }

    /// <summary>Its requests that have not ended.</summary>
    public required InFlight InFlight { get; init; }

    public required ImmutableArray<McpServer> Servers { get; init; }

    /// <summary>The authorization servers in use, by configured name.</summary>
    public required FrozenDictionary<string, AuthorizationServer> AuthorizationServers { get; init; }

    /// <summary>What all request bodies together may hold.</summary>
    public required BodyBudget Bodies { get; init; }

    public required LocalIssuer? LocalIssuer { get; init; }

    /// <summary>The digest of the file of session keys that it was made with; null without one.</summary>
    public required string? SessionKeysDigest { get; init; }

    /// <summary>What stands for used ids in the shared state.</summary>
    public required SharedNames Names { get; init; }

    /// <summary>The keys that shared revocations are named and sealed with; null where none are shared.</summary>
    public required RevocationKeys? RevocationKeys { get; init; }

    /// <summary>The keys that hop tokens are bound to; null where none is.</summary>
    public required SenderKeys? Sender { get; init; }

    /// <summary>Who says whether tokens are active.</summary>
    public required FrozenSet<TokenIntrospection> Introspections { get; init; }

    /// <summary>The policy decision points in use.</summary>
    public required FrozenSet<DecisionPoint> DecisionPoints { get; init; }

    /// <summary>Who may announce logouts, by configured name.</summary>
    public required FrozenDictionary<string, LogoutReceiver> Logouts { get; init; }

    /// <summary>Whose security events are taken, by configured name.</summary>
    public required FrozenDictionary<string, SecurityEventReceiver> Events { get; init; }

    /// <summary>The fronts for clients that cannot register, by configured name of the authorization server; null where there is none.</summary>
    public required FrozenDictionary<string, ClientFront>? Fronts { get; init; }

    /// <summary>Public documents by path: resource metadata, the local issuer's metadata and keys.</summary>
    public required FrozenDictionary<string, Document> Documents { get; init; }

    public required ImmutableArray<RouteConfig> Routes { get; init; }

    public required ImmutableArray<ClusterConfig> Clusters { get; init; }
}
