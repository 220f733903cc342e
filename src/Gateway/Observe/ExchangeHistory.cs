using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace Gateway.Observe;

/// <summary>How long exchanges took in each minute of the last hour, and what each authorization server said, for the management page.</summary>
internal sealed class ExchangeHistory : IDisposable
{
    public const int Length = 60;

    /// <summary>Names come from the configuration; should they ever come from elsewhere, they do not fill the memory.</summary>
    private const int MaxServers = 1000;

    private readonly MeterListener listener = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, ExchangeTally> servers = new(StringComparer.Ordinal);
    private readonly Slot[] slots = [.. Enumerable.Range(0, Length).Select(_ => new Slot())];
    private readonly TimeProvider clock;

    public ExchangeHistory(TimeProvider clock)
    {
        this.clock = clock;
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "TokenExchange", Name: "token_exchange.duration" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) => Record(seconds, TagOf(tags, "authorization_server"), TagOf(tags, "outcome")));
        listener.Start();
    }

    /// <summary>Remembers an exchange of an authorization server: issued, refused, rejected or unavailable.</summary>
    public void Record(double seconds, string? server = null, string? outcome = null)
    {
        var now = clock.GetUtcNow();
        var minute = now.ToUnixTimeSeconds() / 60;
        var bucket = Array.BinarySearch(GatewayMetrics.Buckets, seconds);
        lock (gate)
        {
            var slot = slots[minute % Length];
            if (slot.Minute != minute)
            {
                slot.Minute = minute;
                Array.Clear(slot.Counts);
            }

            slot.Counts[bucket >= 0 ? bucket : ~bucket]++;
            if (server is not null && (servers.ContainsKey(server) || servers.Count < MaxServers))
            {
                servers[server] = servers.GetValueOrDefault(server).With(outcome, now);
            }
        }
    }

    /// <summary>One item for each of the last sixty minutes, the current one last.</summary>
    public ImmutableArray<Minute> Minutes()
    {
        var now = MinuteNow();
        lock (gate)
        {
            return [.. Enumerable.Range(1, Length).Select(i => now - Length + i).Select(minute => Of(minute, slots[minute % Length]))];
        }
    }

    /// <summary>What an authorization server said since the start.</summary>
    public ExchangeTally Of(string server)
    {
        lock (gate)
        {
            return servers.GetValueOrDefault(server);
        }
    }

    public void Dispose() => listener.Dispose();

    private static Minute Of(long minute, Slot slot)
    {
        var time = DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(minute);
        var count = slot.Minute == minute ? slot.Counts.Sum() : 0;
        return count == 0 ? new Minute(time, 0, 0, 0) : new Minute(time, count, Quantile(slot, count, 0.5), Quantile(slot, count, 0.99));
    }

    /// <summary>The upper bound of the bucket in which the quantile lies: never better than it was, unless it was off the scale.</summary>
    private static double Quantile(Slot slot, long count, double quantile)
    {
        var rank = (long)Math.Ceiling(count * quantile);
        for (var i = 0; i < GatewayMetrics.Buckets.Length; i++)
        {
            rank -= slot.Counts[i];
            if (rank <= 0)
            {
                return GatewayMetrics.Buckets[i];
            }
        }

        return GatewayMetrics.Buckets[^1];
    }

    private static string? TagOf(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
            {
                return value as string;
            }
        }

        return null;
    }

    private long MinuteNow() => clock.GetUtcNow().ToUnixTimeSeconds() / 60;

    /// <summary>One minute: how many exchanges, and upper bounds of their median and 99th percentile in seconds.</summary>
    internal readonly record struct Minute(DateTimeOffset Time, long Count, double Median, double P99);

    private sealed class Slot
    {
        public long Minute { get; set; } = -1;

        public long[] Counts { get; } = new long[GatewayMetrics.Buckets.Length + 1];
    }
}

/// <summary>The exchanges of one authorization server since the start, without what the cache answered.</summary>
internal readonly record struct ExchangeTally(long Issued, long Refused, long Rejected, long Unavailable, DateTimeOffset? LastIssued)
{
    public ExchangeTally With(string? outcome, DateTimeOffset now) => outcome switch
    {
        "issued" => this with { Issued = Issued + 1, LastIssued = now },
        "refused" => this with { Refused = Refused + 1 },
        "rejected" => this with { Rejected = Rejected + 1 },
        _ => this with { Unavailable = Unavailable + 1 },
    };
}
