using System.Net;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// What does it cost to ask a decision point about every call? It answers on loopback and allows every call of the load, so that what is
/// measured is the question, the round trip and the answer, and no engine.
/// </summary>
internal sealed class Policy : IScenario
{
    public string Name => "policy";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var yarp = await bed.StartYarpAsync();
        var plain = await bed.StartGatewayAsync("gateway, no policy");
        var asking = await bed.StartGatewayAsync("gateway, policy", options => options with { PolicyUrl = bed.Backend.Url + Backend.Decisions });
        var telling = await bed.StartGatewayAsync("gateway, policy with arguments", options => options with { PolicyUrl = bed.Backend.Url + Backend.Decisions, PolicyArguments = true });
        PeerProcess[] contenders = [yarp, plain, asking, telling];
        await new Probe(token).AnswersAsync(contenders);
        var (tool, argument) = (new Probe(token) { Body = Wrk.Call.Replace("forecast", Backend.Denied, StringComparison.Ordinal) }, new Probe(token) { Body = Wrk.Call.Replace("Bergen", Backend.Denied, StringComparison.Ordinal) });
        await tool.AnswersAsync([yarp, plain]);
        await tool.IsRefusedAsync(asking, HttpStatusCode.Forbidden, "a tool that is denied");
        await argument.AnswersAsync([yarp, plain, asking]);
        await argument.IsRefusedAsync(telling, HttpStatusCode.Forbidden, "an argument that is denied");

        var cpu = await comparison.MeasureAsync($"policy: one token, small JSON calls, {Wrk.Connections} connections; the decision point is the backend", contenders, script);
        comparison.Goal("warm with a policy: CPU per request more, of bare YARP's", (cpu[asking] - cpu[plain]) / cpu[yarp], 1.0);
        comparison.Goal("warm with a policy that reads arguments: CPU per request, of one that does not", cpu[telling] / cpu[asking], 1.15);
    }
}
