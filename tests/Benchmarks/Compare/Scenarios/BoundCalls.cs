using System.Net;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// What does it cost to bind each hop token to its call, and to demand that of inbound tokens? All gateways see another inbound
/// token each time and mint a hop token each time; one says in it which call it is for, another takes only tokens that say so.
/// </summary>
internal sealed class BoundCalls : IScenario
{
    public string Name => "bound-calls";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var plain = await bed.StartGatewayAsync("gateway, cold");
        var bound = await bed.StartGatewayAsync("gateway, cold, a hop token for each call", options => options with { BindCall = true });
        var demanding = await bed.StartGatewayAsync("gateway, cold, a token for each call demanded", options => options with { RequireCallBinding = true });
        PeerProcess[] contenders = [plain, bound, demanding];
        var (any, called) = (new Probe(bed.Tokens.One(bed.Tokens.Es256)), new Probe(bed.Tokens.One(bed.Tokens.Es256, change: InboundTokens.ForTheCall())));
        await any.AnswersAsync([plain, bound]);
        Probe.Require((await any.SeenAsync(plain))["claims"]!["authorization_details"] is null, plain, "binds no hop token");
        Probe.Require((string?)(await any.SeenAsync(bound))["claims"]!["authorization_details"]?[0]?["type"] == "mcp_call", bound, "binds hop tokens to their calls");
        await any.IsRefusedAsync(demanding, HttpStatusCode.Unauthorized, "a token for any call");
        await called.AnswersAsync([demanding]);
        await called.IsRefusedAsync(demanding, HttpStatusCode.Unauthorized, "a token that was used");

        var cold = await ColdTokens.PrepareAsync(comparison, [plain, bound]);
        var forCalls = await ColdTokens.PrepareAsync(comparison, [demanding], InboundTokens.ForTheCall());
        var samples = await comparison.InterleaveAsync(contenders, (peer, round) => (peer == demanding ? forCalls : cold).RunAsync(peer, round));
        Comparison.Print("bound-calls: another token each time, local issuer, ES256 in and out", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        comparison.Goal("cold, each hop token for one call: CPU per request, of cold without", samples[bound].Median(sample => sample.Cpu) / samples[plain].Median(sample => sample.Cpu), 1.3);
        comparison.Goal("cold, each inbound token for one call: CPU per request, of cold without", samples[demanding].Median(sample => sample.Cpu) / samples[plain].Median(sample => sample.Cpu), null);
    }
}
