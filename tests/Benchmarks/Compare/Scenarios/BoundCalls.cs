using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// What does it cost to bind each hop token to its call? Both gateways see another inbound token each time and mint a hop
/// token each time; the one says in it which call it is for.
/// </summary>
internal sealed class BoundCalls : IScenario
{
    public string Name => "bound-calls";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var plain = await bed.StartGatewayAsync("gateway, cold");
        var bound = await bed.StartGatewayAsync("gateway, cold, a hop token for each call", options => options with { BindCall = true });
        PeerProcess[] contenders = [plain, bound];
        var cold = await ColdTokens.PrepareAsync(comparison, contenders);
        var samples = await comparison.InterleaveAsync(contenders, cold.RunAsync);
        Comparison.Print("bound-calls: another token each time, local issuer, ES256 in and out", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        comparison.Goal("cold, each hop token for one call: CPU per request, of cold without", samples[bound].Median(sample => sample.Cpu) / samples[plain].Median(sample => sample.Cpu), 1.3);
    }
}
