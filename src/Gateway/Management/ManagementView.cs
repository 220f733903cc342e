using System.Collections.Immutable;
using Gateway.Configuration;
using Gateway.Exchange;
using Gateway.Generations;
using Gateway.Lifecycle;
using Gateway.Observe;
using Gateway.Observe.Traffic;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;
using Yarp.ReverseProxy;

namespace Gateway.Management;

/// <summary>What the management listener shows of the running gateway. Reads, never changes.</summary>
internal sealed class ManagementView(
    LiveGenerations generations,
    Health health,
    ReloadState reload,
    ConfigurationInput input,
    ExchangeCache cache,
    IProxyStateLookup proxy,
    Revocations revocations,
    TimeProvider clock,
    StateHealth? state = null,
    SharedLog? shared = null)
{
    /// <summary>How many minutes of traffic are shown in sum.</summary>
    public const int Window = RefusalGroup.RecentMinutes;

    private static readonly string Version = typeof(ManagementView).Assembly.GetName().Version?.ToString(3) ?? "";

    public ManagementState State => new()
    {
        Readiness = ReadinessNow,
        Servers = Servers,
        About = () => new(Version, health.Started, Path.GetFullPath(input.Path), generations.AppliedAt, reload.History),
        NameOf = NameOf,
        HopTokens = HopTokens,
        Explain = ExplainAsync,
    };

    private Readiness ReadinessNow()
    {
        var servers = generations.Current.AuthorizationServers.Values
            .OrderBy(server => server.Settings.Name, StringComparer.Ordinal).Select(server => new AuthorizationServerHealth(server.Settings.Name, server.Keys.Available, server.Keys.FetchedAt)
            {
                Issuer = server.Settings.Issuer,
                KeysChanged = server.Keys.ChangedAt,
                Problem = server.Keys.Problem,
                FailingSince = server.Keys.FailingSince,
                NextFetch = server.Keys.NextFetch,
                TokenOutage = server.TokenOutage,
                IntrospectionOutage = server.IntrospectionOutage,
            }).ToImmutableArray();
        var ready = health.IsReady;
        return new Readiness(ready, ready && (servers.Any(server => !server.KeysAvailable) || state is { IsOld: true }), health.IsDraining, generations.Current.Number, servers, [.. reload.Problems], state is null ? null : SharedState(state));
    }

    private SharedStateHealth SharedState(StateHealth known) => new(known.IsComplete, known.Staleness, known.Eviction, shared!.Pending, revocations.Count)
    {
        Endpoints = [.. reload.Started.SharedState?.Redis?.Endpoints ?? []],
        Trouble = known.Trouble,
        Old = known.IsOld,
        MayForget = known.MayForget,
        Ignored = known.Ignored,
    };

    private string NameOf(string issuer) =>
        generations.Current.AuthorizationServers.Values.FirstOrDefault(server => server.Settings.Issuer == issuer)?.Settings.Name ?? issuer;

    private IReadOnlyList<ServerView> Servers() =>
        [.. generations.Current.Servers.Select(server => new ServerView(
            server.Id,
            server.Path,
            server.Resource,
            server.Admission.AcceptedAudiences,
            server.Source.Mode,
            (server.Source as CredentialSource.Token)?.Target.ResultAudiences ?? [],
            [.. server.Sessions.Destinations.Select(destination => new DestinationHealth(UnixDestination.Show(destination.Value), IsAvailable(server, destination.Key)))])
        {
            Traffic = server.Traffic?.View(Window) ?? TrafficView.None,
        })];

    private bool IsAvailable(McpServer server, string destination) =>
        proxy.TryGetCluster(Forward.YarpRecords.IdOf(server), out var cluster)
        && cluster.DestinationsState.AvailableDestinations.Any(state => state.DestinationId == destination);

    private IReadOnlyList<HopTokenView> HopTokens(int most)
    {
        var ids = generations.Current.Servers.ToDictionary(server => server.Resource, server => server.Id, StringComparer.Ordinal);
        return [.. cache.Entries().Where(entry => !entry.IsRefusal).Take(most).Select(entry => new HopTokenView(ids.GetValueOrDefault(entry.Server, entry.Server), entry.SubjectDigest, entry.ExpiresAt, entry.Hits))];
    }

    private async ValueTask<Explanation?> ExplainAsync(string serverId, string token, CancellationToken cancellationToken)
    {
        if (generations.Current.Servers.FirstOrDefault(server => server.Id == serverId) is not { } server)
        {
            return null;
        }

        return await Explaining.ExplainAsync(server, token, clock, cancellationToken);
    }
}
