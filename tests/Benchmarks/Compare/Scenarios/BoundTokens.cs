using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;
using Harness;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does it cost that every call proves who sends it: an ES256 proof each, of many keys, verified and remembered?</summary>
internal sealed class BoundTokens : IScenario
{
    private const int Keys = 1000;

    /// <summary>The most calls a second that proofs are made for; more than are answered.</summary>
    private const int MostPerSecond = 16_000;

    public string Name => "dpop-in";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var plain = bed.PathOf("warm.lua");
        Wrk.WriteScript(plain, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
        var yarp = await bed.StartYarpAsync();
        var bearer = await bed.StartGatewayAsync("gateway, bearer tokens");
        var proven = await bed.StartGatewayAsync("gateway, a proof each", options => options with { ProofMaxAge = "01:00:00" });
        var clients = Enumerable.Range(0, Keys).Select(_ => TestKey.Create("ES256", null)).Select(key => (Key: key, Token: bed.Tokens.Bound(bed.Tokens.Es256, key))).ToArray();

        await Comparison.WarmUpAsync([yarp, bearer], plain);
        var script = bed.PathOf("proven.lua");
        var warmUp = TimeSpan.FromSeconds(5);
        await RunAsync(proven, script, clients, warmUp);
        PeerProcess[] contenders = [yarp, bearer, proven];
        var samples = await comparison.InterleaveAsync(contenders, (peer, _) => peer == proven ? RunAsync(peer, script, clients, comparison.Options.Duration) : Sample.OfWrkAsync(peer, plain, comparison.Options.Duration));

        Comparison.Print($"dpop-in: {Keys} keys, small JSON calls, {Wrk.Connections} connections", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        var (sign, verify) = SignatureCost.Measure();
        Console.WriteLine(FormattableString.Invariant($"bare ES256: {sign:F1} µs to sign, {verify:F1} µs to verify"));
        comparison.Goal("warm with inbound DPoP: CPU per request, of bare YARP's", samples[proven].Median(sample => sample.Cpu) / samples[yarp].Median(sample => sample.Cpu), 2.6);
    }

    /// <summary>One round, for which every call gets a proof of its own.</summary>
    private static async Task<Sample> RunAsync(PeerProcess peer, string script, (TestKey Key, string Token)[] clients, TimeSpan duration)
    {
        var count = (int)(MostPerSecond * duration.TotalSeconds);
        var now = TimeProvider.System.GetUtcNow();
        var proofs = new string[count];
        Parallel.For(0, count, i => proofs[i] = ProofForge.Proof(clients[i % Keys].Key, "POST", InboundTokens.ResourceOf("weather"), clients[i % Keys].Token, now));
        Wrk.WriteProvenScript(script, proofs.Select((proof, i) => ("/weather", clients[i % Keys].Token, proof)));
        var sample = await Sample.OfWrkAsync(peer, script, duration);
        return sample.Round.Requests < count ? sample : throw new InvalidOperationException("The proofs ran out: raise MostPerSecond.");
    }
}
