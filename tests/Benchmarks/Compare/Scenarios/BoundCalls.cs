using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// What does it cost to bind each hop token to its call? Both gateways see another inbound token each time and mint a hop
/// token each time; the one says in it which call it is for.
/// </summary>
internal sealed class BoundCalls : IScenario
{
    /// <summary>More than two cores can take in.</summary>
    private const int MostPerSecond = 16_000;

    public string Name => "bound-calls";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var count = MostPerSecond * (int)comparison.Options.Duration.TotalSeconds;
        var plain = await bed.StartGatewayAsync("gateway, cold");
        var bound = await bed.StartGatewayAsync("gateway, cold, a hop token for each call", options => options with { BindCall = true });
        PeerProcess[] contenders = [plain, bound];
        var warm = bed.PathOf("warm.lua");
        Wrk.WriteScript(warm, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
        await Comparison.WarmUpAsync(contenders, warm);
        for (var round = -1; round < comparison.Options.Rounds; round++)
        {
            Wrk.WriteScript(Cold(round), bed.Tokens.Many(bed.Tokens.Es256, count).Select(token => ("/weather", token)));
        }

        foreach (var peer in contenders)
        {
            await Sample.OfWrkAsync(peer, Cold(-1), comparison.Options.Duration);
        }

        var samples = await comparison.InterleaveAsync(contenders, async (peer, round) =>
        {
            var sample = await Sample.OfWrkAsync(peer, Cold(round), comparison.Options.Duration);
            return sample.Round.Requests <= count ? sample : throw new InvalidOperationException("Tokens ran out: not every one was a cold one.");
        });
        Comparison.Print("bound-calls: another token each time, local issuer, ES256 in and out", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        comparison.Goal("cold, each hop token for one call: CPU per request, of cold without", samples[bound].Median(sample => sample.Cpu) / samples[plain].Median(sample => sample.Cpu), 1.3);

        string Cold(int round) => bed.PathOf($"cold{round}.lua");
    }
}
