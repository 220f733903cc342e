using System.Collections.Concurrent;

namespace Gateway.Observe.Traffic;

/// <summary>The traffic of every configured server, across reloads. Only where there is a page to show it.</summary>
internal sealed class TrafficByServer(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, ServerTraffic> servers = new(StringComparer.Ordinal);

    /// <summary>The traffic of that server; goes on counting where another generation has counted.</summary>
    public ServerTraffic Of(string server) => servers.GetOrAdd(server, static (_, clock) => new ServerTraffic(clock), clock);

    /// <summary>Forgets servers that are configured no more.</summary>
    public void Keep(IReadOnlySet<string> configured)
    {
        foreach (var server in servers.Keys.Where(server => !configured.Contains(server)))
        {
            servers.TryRemove(server, out _);
        }
    }
}
