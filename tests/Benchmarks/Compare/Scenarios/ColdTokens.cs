using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a request cost whose token was never seen before, against one whose token was?</summary>
internal static class ColdTokens
{
    /// <summary>More than two cores can take in.</summary>
    private const int MostPerSecond = 16_000;

    /// <summary>Compares warm with cold at one gateway; returns the ratio of their CPU per request.</summary>
    public static async Task<double> CompareAsync(Comparison comparison, PeerProcess gateway, string title)
    {
        var bed = comparison.Bed;
        var count = MostPerSecond * (int)comparison.Options.Duration.TotalSeconds;
        var warm = bed.PathOf("warm.lua");
        Wrk.WriteScript(warm, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
        for (var round = -1; round < comparison.Options.Rounds; round++)
        {
            Wrk.WriteScript(Cold(round), bed.Tokens.Many(bed.Tokens.Es256, count).Select(token => ("/weather", token)));
        }

        await Comparison.WarmUpAsync([gateway], warm);
        await Sample.OfWrkAsync(gateway, Cold(-1), comparison.Options.Duration);
        var samples = await comparison.InterleaveAsync(["warm", "cold"], async (kind, round) =>
        {
            var sample = await Sample.OfWrkAsync(gateway, kind == "warm" ? warm : Cold(round), comparison.Options.Duration);
            return kind == "warm" || sample.Round.Requests <= count ? sample : throw new InvalidOperationException("Tokens ran out: not every one was a cold one.");
        });
        Comparison.Print(title, samples.Select(pair => (pair.Key, pair.Value, gateway.ResidentMiB())));
        return samples["cold"].Median(sample => sample.Cpu) / samples["warm"].Median(sample => sample.Cpu);

        string Cold(int round) => bed.PathOf($"cold{round}.lua");
    }
}
