using System.Globalization;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// Do warm callers feel it when a quarter of all requests brings a token that was never seen before? Asked twice: with the
/// machine half busy, which is what the goal is about, and nearly full, where everything waits for a processor.
/// </summary>
internal sealed class Mixed : IScenario
{
    private const double Half = 0.5;

    /// <summary>How busy the machine is when it is nearly full: load, backend and cold calls included.</summary>
    public const double Full = 0.8;

    /// <summary>A p99 is made of few calls: one stall of the machine in a round is all of it. So there are more rounds.</summary>
    private const int Times = 3;

    public string Name => "mixed";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var gateway = await bed.StartGatewayAsync();
        await Comparison.WarmUpAsync([gateway], script);
        await ColdTokens.WarmUpAsync(bed, [gateway]);
        var full = await MeasureAsync(comparison, gateway, await MixedLoad.ThatKeepsBusyAsync(comparison, gateway, token, Full), "nearly full");

        // Last, so that it meets a cache of many tokens and not an empty one.
        var half = await MeasureAsync(comparison, gateway, await MixedLoad.ThatKeepsBusyAsync(comparison, gateway, token, Half, Times), "half busy", Times);
        comparison.Goal("warm while a quarter is cold, machine nearly full: p99 of the warm ones, of theirs alone", full, 1.5);
        comparison.Goal("   the same, machine half busy", half, 1.5);
    }

    private static async Task<double> MeasureAsync(Comparison comparison, PeerProcess gateway, MixedLoad load, string machine, int times = 1)
    {
        await load.MeasureAsync(gateway, withCold: true);
        var busy = new List<double>();
        var samples = await comparison.InterleaveAsync(["warm alone", "beside more warm", "warm beside cold"], async (kind, _) =>
        {
            var time = new MachineTime();
            var sample = kind == "beside more warm" ? await load.MeasureBesideWarmAsync(gateway) : await load.MeasureAsync(gateway, withCold: kind != "warm alone");
            if (kind == "warm beside cold")
            {
                busy.Add(time.Busy());
            }

            return sample;
        }, times);
        Comparison.Print(string.Create(CultureInfo.InvariantCulture, $"mixed, machine {machine} ({busy.Median():P0} beside cold): {load.WarmRate:F0} warm calls/s, alone and with {load.ColdRate:F0} cold ones/s; latencies are those of the warm ones"), samples.Select(pair => (pair.Key, pair.Value, gateway.ResidentMiB())));

        // Round by round, since the machine is another one a minute later.
        return samples["warm beside cold"].Zip(samples["warm alone"], (cold, alone) => cold.Round.P99 / alone.Round.P99).Median();
    }
}
