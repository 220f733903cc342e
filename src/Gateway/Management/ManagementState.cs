using System.Collections.Immutable;
using Gateway.Generations;
using Gateway.Observe.Traffic;
using Gateway.Revoke.Shared;
using TokenExchange.Issuers;

namespace Gateway.Management;

/// <summary>What the management listener shows and asks; the application fills it in, each member is called per request.</summary>
internal sealed record ManagementState
{
    public required Func<Readiness> Readiness { get; init; }

    public required Func<IReadOnlyList<ServerView>> Servers { get; init; }

    /// <summary>What is running here.</summary>
    public required Func<About> About { get; init; }

    /// <summary>The name of an issuer in the configuration; the issuer itself when it has none any more.</summary>
    public required Func<string, string> NameOf { get; init; }

    /// <summary>The hop tokens alive, at most as many as asked for.</summary>
    public required Func<int, IReadOnlyList<HopTokenView>> HopTokens { get; init; }

    /// <summary>
    /// Says which check refuses a token at a server: evaluated here, with keys fetched as always, the token neither sent
    /// nor stored. Null when there is no such server.
    /// </summary>
    public required Func<string, string, CancellationToken, ValueTask<Explanation?>> Explain { get; init; }
}

/// <summary>Whether the gateway can serve, and if not fully, why.</summary>
/// <param name="Ready">Whether it takes requests.</param>
/// <param name="Degraded">Ready, but something that requests need is not there.</param>
/// <param name="Draining">Whether it is about to stop.</param>
/// <param name="Generation">The generation of the configuration that is served.</param>
/// <param name="AuthorizationServers">The authorization servers of the generation.</param>
/// <param name="ReloadProblems">What is wrong with the newest configuration, when it was refused.</param>
/// <param name="SharedState">What is known of the shared state; null without one.</param>
internal sealed record Readiness(
    bool Ready,
    bool Degraded,
    bool Draining,
    long Generation,
    ImmutableArray<AuthorizationServerHealth> AuthorizationServers,
    ImmutableArray<string> ReloadProblems,
    SharedStateHealth? SharedState = null);

/// <summary>What is running here, and since when.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="Started">When the process began to serve.</param>
/// <param name="ConfigurationFile">The absolute path of the configuration.</param>
/// <param name="Applied">When the generation that is served was applied.</param>
/// <param name="Changes">The last changes of the configuration since the start, newest first.</param>
internal sealed record About(string Version, DateTimeOffset Started, string ConfigurationFile, DateTimeOffset Applied, ImmutableArray<ConfigurationChange> Changes);

/// <summary>The shared state's health.</summary>
/// <param name="Complete">Whether all of it was read once.</param>
/// <param name="Staleness">How long ago it was heard of.</param>
/// <param name="Eviction">What its server does when its memory is full; null when it does not say.</param>
/// <param name="Pending">Revocations that are in force here and yet to be written.</param>
/// <param name="Revocations">Revocations that are in force here.</param>
internal sealed record SharedStateHealth(bool Complete, TimeSpan Staleness, string? Eviction, int Pending, int Revocations)
{
    /// <summary>Where it is.</summary>
    public ImmutableArray<string> Endpoints { get; init; } = [];

    /// <summary>Why it could not be asked the last time; null when it could.</summary>
    public StateTrouble? Trouble { get; init; }

    /// <summary>Whether it was not heard of for longer than it should be.</summary>
    public bool Old { get; init; }

    /// <summary>Whether its server may forget what it holds.</summary>
    public bool MayForget { get; init; }

    /// <summary>Entries that nobody with a key has made.</summary>
    public long Ignored { get; init; }
}

/// <summary>One authorization server's health: whether its keys are at hand and since when.</summary>
internal sealed record AuthorizationServerHealth(string Name, bool KeysAvailable, DateTimeOffset? KeysFetched)
{
    public string Issuer { get; init; } = "";

    /// <summary>When the key set came to be what it is.</summary>
    public DateTimeOffset? KeysChanged { get; init; }

    /// <summary>Why the last fetch of the keys failed; null when it did not.</summary>
    public IssuerProblem? Problem { get; init; }

    /// <summary>Since when fetches fail.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>When the keys are fetched next.</summary>
    public DateTimeOffset? NextFetch { get; init; }

    /// <summary>The outage of its token endpoint that goes on.</summary>
    public EndpointOutage? TokenOutage { get; init; }

    /// <summary>The outage of its introspection endpoint that goes on.</summary>
    public EndpointOutage? IntrospectionOutage { get; init; }
}

/// <summary>One server, as the page shows it.</summary>
internal sealed record ServerView(
    string Id,
    string Path,
    string Resource,
    ImmutableArray<string> AcceptedAudiences,
    string Mode,
    ImmutableArray<string> OutboundAudiences,
    ImmutableArray<DestinationHealth> Destinations)
{
    /// <summary>What became of its requests.</summary>
    public TrafficView Traffic { get; init; } = TrafficView.None;
}

/// <summary>One destination and whether YARP sends to it.</summary>
internal sealed record DestinationHealth(string Address, bool Available);

/// <summary>One hop token: never the token, only what it is for. <paramref name="SubjectDigest"/> is no subject either.</summary>
internal sealed record HopTokenView(string Server, string SubjectDigest, DateTimeOffset Expires, long Hits);

/// <summary>Why a token is refused at a server, or that it would pass.</summary>
/// <param name="Passes">Whether the token would be admitted.</param>
/// <param name="Reason">The reason of the contract; null when it passes.</param>
/// <param name="Text">One sentence: what is wrong and what would be right.</param>
/// <param name="Steps">The checks in their order, up to the one that refused.</param>
/// <param name="PresentedAudiences">The token's audiences; null unless its signature was verified.</param>
/// <param name="AcceptedAudiences">The audiences that identify the server.</param>
internal sealed record Explanation(
    bool Passes,
    string? Reason,
    string Text,
    ImmutableArray<ExplanationStep> Steps,
    ImmutableArray<string>? PresentedAudiences,
    ImmutableArray<string> AcceptedAudiences)
{
    /// <summary>What the policy decision point was asked, as JSON; null where it was not.</summary>
    public string? Question { get; init; }
}

/// <summary>One check by name, and whether the token passed it.</summary>
internal sealed record ExplanationStep(string Check, bool Passed);
