using System.Globalization;
using Gateway.Benchmarks.Load;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Do warm callers feel it when a quarter of all requests brings a token that was never seen before?</summary>
internal sealed class Mixed : IScenario
{
    /// <summary>Of what the gateway can do warm; with the cold ones it is then about half busy.</summary>
    private const double WarmShare = 0.2;
    private const int WarmConnections = 32;
    private const int ColdConnections = 16;

    public string Name => "mixed";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var duration = comparison.Options.Duration;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var gateway = await bed.StartGatewayAsync();
        await Comparison.WarmUpAsync([gateway], script);
        var rate = WarmShare * (await Sample.OfWrkAsync(gateway, script, duration)).Rate;

        // A quarter of all: one cold for three warm ones. As many as all rounds take, and one round to warm up with.
        byte[][] warm = [CallBytes.Call("/weather", token)];
        var cold = bed.Tokens.Many(bed.Tokens.Es256, (int)(rate / 3 * duration.TotalSeconds * (comparison.Options.Rounds + 2))).Select(one => CallBytes.Call("/weather", one)).ToArray();
        var taken = 0;
        await MeasureAsync(withCold: true);
        var samples = await comparison.InterleaveAsync(["warm alone", "warm beside cold"], (kind, _) => MeasureAsync(kind != "warm alone"));
        Comparison.Print(string.Create(CultureInfo.InvariantCulture, $"mixed: {rate:F0} warm calls/s, alone and with {rate / 3:F0} cold ones/s; latencies are those of the warm ones"), samples.Select(pair => (pair.Key, pair.Value, gateway.ResidentMiB())));
        comparison.Goal("warm while a quarter is cold: p99 of the warm ones, of theirs alone", samples["warm beside cold"].Median(s => s.Round.P99) / samples["warm alone"].Median(s => s.Round.P99), 1.5);

        async Task<Sample> MeasureAsync(bool withCold)
        {
            var warmLane = new Lane(gateway.Port, rate, WarmConnections, warm);
            if (!withCold)
            {
                return await Sample.OfLanesAsync(gateway, duration, warmLane);
            }

            var coldLane = new Lane(gateway.Port, rate / 3, ColdConnections, cold, taken);
            var sample = await Sample.OfLanesAsync(gateway, duration, warmLane, coldLane);
            taken = coldLane.Taken;
            return taken <= cold.Length ? sample : throw new InvalidOperationException("Tokens ran out: not every one was a cold one.");
        }
    }
}
