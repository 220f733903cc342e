using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Authorize.Bodies;
using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;
using Gateway.Sessions;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Sender;

namespace Gateway.Generations;

/// <summary>What all parts of one generation are built from: the options, what follows from them, and what its servers share.</summary>
internal sealed class BuildContext
{
    public required GatewayOptions Options { get; init; }

    public required long Number { get; init; }

    public required ImmutableArray<ServerTopology> Topology { get; init; }

    /// <summary>The authorization servers, by configured name.</summary>
    public required FrozenDictionary<string, AuthorizationServer> Connections { get; init; }

    /// <summary>Who mints hop tokens here; null where nobody does.</summary>
    public required LocalIssuer? LocalIssuer { get; init; }

    /// <summary>What is signed for clients to bring back is signed with these, and with keys that are derived from them.</summary>
    public required SessionKeySet Keys { get; init; }

    /// <summary>The keys that hop tokens are bound to; null where none is.</summary>
    public required SenderKeys? SenderKeys { get; init; }

    /// <summary>What stands for used ids in the shared state.</summary>
    public required SharedNames Names { get; init; }

    public required BodyBudget Bodies { get; init; }

    public InFlight InFlight { get; } = new();

    /// <summary>The public URL in its one spelling, without a slash at the end.</summary>
    public string PublicUrl => ServerTopology.PublicUrlOf(Options);
}
