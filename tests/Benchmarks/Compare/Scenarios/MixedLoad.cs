using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Warm calls at a fixed rate and, where wanted, a third as many cold ones on connections of their own; no cold token is used twice at one gateway.</summary>
internal sealed class MixedLoad
{
    private const int WarmConnections = 32;
    private const int ColdConnections = 16;
    private readonly TimeSpan duration;
    private readonly byte[][] warm;
    private readonly byte[][] cold;
    private readonly Dictionary<PeerProcess, int> taken = [];

    /// <param name="comparison">What the load is part of.</param>
    /// <param name="token">The token of the warm calls.</param>
    /// <param name="rate">Warm calls per second.</param>
    /// <param name="times">How many times the rounds of the comparison it is meant for.</param>
    public MixedLoad(Comparison comparison, string token, double rate, int times = 1)
    {
        var tokens = comparison.Bed.Tokens;
        duration = comparison.Options.Duration;
        WarmRate = rate;
        ColdRate = rate / 3;
        warm = [CallBytes.Call("/weather", token)];

        // As many as all rounds take, one more to warm up with, and one because chance decides when calls are due.
        cold = [.. tokens.Many(tokens.Es256, 100 + (int)(ColdRate * duration.TotalSeconds * ((times * comparison.Options.Rounds) + 3))).Select(one => CallBytes.Call("/weather", one))];
    }

    /// <summary>The load with which the whole machine (gateway, backend and load generator) is as busy as that, 0 to 1, beside cold calls.</summary>
    public static async Task<MixedLoad> ThatKeepsBusyAsync(Comparison comparison, PeerProcess gateway, string token, double share, int times = 1)
    {
        var rate = (await Sample.OfWrkAsync(gateway, comparison.Bed.PathOf("warm.lua"), comparison.Options.Duration)).Rate / 10;
        var found = await MachineTime.RateThatKeepsBusyAsync(share, rate, steps: 4, tried =>
        {
            var trial = new MixedLoad(comparison, token, tried, times: 0);
            return () => trial.MeasureAsync(gateway, withCold: true);
        });
        return new MixedLoad(comparison, token, found, times);
    }

    public double WarmRate { get; }

    public double ColdRate { get; }

    /// <summary>One round with as many further warm calls in place of the cold ones: what the load alone does to the latencies.</summary>
    public Task<Sample> MeasureBesideWarmAsync(PeerProcess gateway) => Sample.OfLanesAsync(
        gateway, duration, new Lane(gateway.Port, WarmRate, WarmConnections, warm), new Lane(gateway.Port, ColdRate, ColdConnections, warm));

    /// <summary>One round; latencies are those of the warm calls.</summary>
    public async Task<Sample> MeasureAsync(PeerProcess gateway, bool withCold)
    {
        var warmLane = new Lane(gateway.Port, WarmRate, WarmConnections, warm);
        if (!withCold)
        {
            return await Sample.OfLanesAsync(gateway, duration, warmLane);
        }

        var coldLane = new Lane(gateway.Port, ColdRate, ColdConnections, cold, taken.GetValueOrDefault(gateway));
        var sample = await Sample.OfLanesAsync(gateway, duration, warmLane, coldLane);
        taken[gateway] = coldLane.Taken;
        return coldLane.Taken <= cold.Length ? sample : throw new InvalidOperationException("Tokens ran out: not every one was a cold one.");
    }
}
