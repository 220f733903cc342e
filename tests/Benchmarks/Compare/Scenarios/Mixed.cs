using System.Globalization;
using Gateway.Benchmarks.Load;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Do warm callers feel it when a quarter of all requests brings a token that was never seen before?</summary>
internal sealed class Mixed : IScenario
{
    /// <summary>Of what the gateway can do warm; with the cold ones it is then about half busy.</summary>
    public const double WarmShare = 0.2;

    public string Name => "mixed";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var gateway = await bed.StartGatewayAsync();
        await Comparison.WarmUpAsync([gateway], script);
        var load = new MixedLoad(comparison, token, WarmShare * (await Sample.OfWrkAsync(gateway, script, comparison.Options.Duration)).Rate);
        await load.MeasureAsync(gateway, withCold: true);
        var samples = await comparison.InterleaveAsync(["warm alone", "beside more warm", "warm beside cold"], (kind, _) =>
            kind == "beside more warm" ? load.MeasureBesideWarmAsync(gateway) : load.MeasureAsync(gateway, withCold: kind != "warm alone"));
        Comparison.Print(string.Create(CultureInfo.InvariantCulture, $"mixed: {load.WarmRate:F0} warm calls/s, alone and with {load.ColdRate:F0} cold ones/s; latencies are those of the warm ones"), samples.Select(pair => (pair.Key, pair.Value, gateway.ResidentMiB())));
        comparison.Goal("   the same, of those beside as many more warm ones", samples["warm beside cold"].Median(s => s.Round.P99) / samples["beside more warm"].Median(s => s.Round.P99), 1.5);
        comparison.Goal("warm while a quarter is cold: p99 of the warm ones, of theirs alone", samples["warm beside cold"].Median(s => s.Round.P99) / samples["warm alone"].Median(s => s.Round.P99), 1.5);
    }
}
