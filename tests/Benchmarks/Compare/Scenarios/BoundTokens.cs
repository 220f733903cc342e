using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does it cost that every call proves who sends it: an ES256 proof each, of many keys, verified and remembered?</summary>
internal sealed class BoundTokens : IScenario
{
    public string Name => "dpop-in";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var yarp = await bed.StartYarpAsync();
        var bearer = await bed.StartGatewayAsync("gateway, bearer tokens");
        var proven = await bed.StartGatewayAsync("gateway, a proof each", ProvenCalls.Configure);
        var calls = new ProvenCalls(bed);

        await new Probe(token).AnswersAsync([yarp, bearer]);
        await Comparison.WarmUpAsync([yarp, bearer], script);
        await calls.PrepareAsync(proven);
        PeerProcess[] contenders = [yarp, bearer, proven];
        var samples = await comparison.InterleaveAsync(contenders, (peer, _) => peer == proven ? calls.RunAsync(peer, comparison.Options.Duration) : Sample.OfWrkAsync(peer, script, comparison.Options.Duration));

        Comparison.Print($"dpop-in: {ProvenCalls.Keys} keys, small JSON calls, {Wrk.Connections} connections", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        var (sign, verify) = SignatureCost.Measure();
        Console.WriteLine(FormattableString.Invariant($"bare ES256: {sign:F1} µs to sign, {verify:F1} µs to verify"));
        comparison.Goal("warm with inbound DPoP: CPU per request, of bare YARP's", samples[proven].Median(sample => sample.Cpu) / samples[yarp].Median(sample => sample.Cpu), 2.6);
    }
}
