namespace Gateway.Observe.Traffic;

/// <summary>What is counted of a minute.</summary>
internal enum TrafficCount
{
    /// <summary>Sent to the MCP server.</summary>
    Allowed,

    /// <summary>Of these, those that the client got a 5xx for.</summary>
    Failed,

    /// <summary>Refused, other than by asking for what every client comes without at first.</summary>
    Refused,

    /// <summary>Asked for a token, or for a nonce in its proof.</summary>
    Challenged,

    /// <summary>Answers of the MCP server below 400.</summary>
    AnsweredWell,
    Answered4xx,
    Answered5xx,
}

/// <summary>One minute of a server, or several in sum: counters, and two histograms over <see cref="GatewayMetrics.Buckets"/>.</summary>
internal sealed class TrafficMinute
{
    private const int Kinds = (int)TrafficCount.Answered5xx + 1;
    private static readonly double[] Bounds = GatewayMetrics.Buckets;
    private static readonly int Buckets = Bounds.Length + 1;
    private readonly int[] counts = new int[Kinds + (2 * Buckets)];
    private readonly Lock beginning = new();
    private long number = -1;

    /// <summary>Which minute of all it is; -1 before the first.</summary>
    public long Number => Volatile.Read(ref number);

    public int this[TrafficCount kind] => Volatile.Read(ref counts[(int)kind]);

    /// <summary>Requests of every kind.</summary>
    public int Requests => this[TrafficCount.Allowed] + this[TrafficCount.Refused] + this[TrafficCount.Challenged];

    /// <summary>Turns to another minute; false when it has turned to a later one meanwhile.</summary>
    public bool Begin(long minute)
    {
        lock (beginning)
        {
            if (minute > number)
            {
                Array.Clear(counts);
                Volatile.Write(ref number, minute);
            }

            return minute == number;
        }
    }

    public void Count(TrafficCount kind) => Interlocked.Increment(ref counts[(int)kind]);

    public void Took(TimeSpan elapsed, TimeSpan overhead)
    {
        Interlocked.Increment(ref counts[Kinds + BucketOf(elapsed)]);
        Interlocked.Increment(ref counts[Kinds + Buckets + BucketOf(overhead)]);
    }

    public void Add(TrafficMinute other)
    {
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] += Volatile.Read(ref other.counts[i]);
        }
    }

    /// <summary>The bound in seconds below which so large a share of the requests took; null when there were none, infinity when it is off the scale.</summary>
    public double? Took(double share) => Quantile(Kinds, share);

    /// <summary>The same of the gateway's own part.</summary>
    public double? Overhead(double share) => Quantile(Kinds + Buckets, share);

    private double? Quantile(int from, double share)
    {
        var all = counts.AsSpan(from, Buckets);
        long total = 0;
        foreach (var count in all)
        {
            total += count;
        }

        var rank = (long)Math.Ceiling(total * share);
        for (var i = 0; i < Bounds.Length && total > 0; i++)
        {
            rank -= all[i];
            if (rank <= 0)
            {
                return Bounds[i];
            }
        }

        return total == 0 ? null : double.PositiveInfinity;
    }

    private static int BucketOf(TimeSpan time)
    {
        var bucket = Array.BinarySearch(Bounds, time.TotalSeconds);
        return bucket >= 0 ? bucket : ~bucket;
    }
}
