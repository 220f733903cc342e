using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// What does it cost to ask a decision point about every call? It answers on loopback and allows everything, so that what is
/// measured is the question, the round trip and the answer, and no engine.
/// </summary>
internal sealed class Policy : IScenario
{
    public string Name => "policy";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
        var yarp = await bed.StartYarpAsync();
        var plain = await bed.StartGatewayAsync("gateway, no policy");
        var asking = await bed.StartGatewayAsync("gateway, policy", options => options with { PolicyUrl = bed.Backend.Url + "/access/v1/evaluation" });
        var telling = await bed.StartGatewayAsync("gateway, policy with arguments", options => options with { PolicyUrl = bed.Backend.Url + "/access/v1/evaluation", PolicyArguments = true });
        PeerProcess[] contenders = [yarp, plain, asking, telling];

        var cpu = await comparison.MeasureAsync($"policy: one token, small JSON calls, {Wrk.Connections} connections; the decision point is the backend", contenders, script);
        comparison.Goal("warm with a policy: CPU per request more, of bare YARP's", (cpu[asking] - cpu[plain]) / cpu[yarp], 1.0);
        comparison.Goal("warm with a policy that reads arguments: CPU per request, of one that does not", cpu[telling] / cpu[asking], 1.15);
    }
}
