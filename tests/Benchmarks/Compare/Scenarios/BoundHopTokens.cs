using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does it cost that the gateway proves every call to the MCP server: an ES256 proof signed each?</summary>
internal sealed class BoundHopTokens : IScenario
{
    public string Name => "dpop-out";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
        var yarp = await bed.StartYarpAsync();
        var plain = await bed.StartGatewayAsync("gateway, bearer hop tokens");
        var bound = await bed.StartGatewayAsync("gateway, bound hop tokens", options => options with { Bind = true });
        PeerProcess[] contenders = [yarp, plain, bound];

        await Comparison.WarmUpAsync(contenders, script);
        var samples = await comparison.InterleaveAsync(contenders, (peer, _) => Sample.OfWrkAsync(peer, script, comparison.Options.Duration));

        Comparison.Print($"dpop-out: one token, small JSON calls, {Wrk.Connections} connections", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        var (sign, verify) = SignatureCost.Measure();
        Console.WriteLine(FormattableString.Invariant($"bare ES256: {sign:F1} µs to sign, {verify:F1} µs to verify"));
        double Cpu(PeerProcess peer) => samples[peer].Median(sample => sample.Cpu);
        comparison.Goal("warm with outbound binding: CPU per request more, of bare YARP's", (Cpu(bound) - Cpu(plain)) / Cpu(yarp), 0.8);
    }
}
