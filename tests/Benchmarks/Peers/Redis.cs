using System.Globalization;

namespace Gateway.Benchmarks.Peers;

/// <summary>A Redis server that keeps nothing on disk.</summary>
internal static class Redis
{
    public static Task<PeerProcess?> StartAsync(TestBed bed) => bed.StartInstalledAsync("Redis", "redis-server", port =>
        ["--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning"]);
}
