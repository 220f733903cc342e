using System.Collections.Immutable;

namespace Gateway.Management;

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
