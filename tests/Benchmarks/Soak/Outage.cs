using System.Diagnostics;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Soak;

/// <summary>A peer that is killed and started again, and what may be felt of it by whom.</summary>
/// <param name="bed">Where it runs.</param>
/// <param name="start">How it is started.</param>
/// <param name="status">The status of whoever needs it while it is away.</param>
/// <param name="reason">The reason that goes with that.</param>
/// <param name="aftermath">How long after its return calls may still be refused: until a breaker closes.</param>
internal sealed class Outage(TestBed bed, PeerStart start, int status, string reason, TimeSpan aftermath)
{
    private readonly string beginning = $"HTTP/1.1 {status} ";
    private readonly string named = $"\"{reason}\"";
    private long endedAt = long.MinValue;
    private PeerProcess? peer;

    public string Url { get; } = $"http://127.0.0.1:{start.Port}";

    /// <summary>Returns when it answers.</summary>
    public async Task EndAsync()
    {
        peer = await bed.StartAsync(start);
        Volatile.Write(ref endedAt, Stopwatch.GetTimestamp() + (long)(aftermath.TotalSeconds * Stopwatch.Frequency));
    }

    public void Begin()
    {
        Volatile.Write(ref endedAt, long.MaxValue);
        bed.Stop(peer!);
    }

    /// <summary>Whether a call that was due then had to be answered so.</summary>
    public bool Excuses(long due, string answer) =>
        due < Volatile.Read(ref endedAt) && answer.StartsWith(beginning, StringComparison.Ordinal) && answer.Contains(named, StringComparison.Ordinal);
}
