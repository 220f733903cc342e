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
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var yarp = await bed.StartYarpAsync();
        var plain = await bed.StartGatewayAsync("gateway, bearer hop tokens");
        var bound = await bed.StartGatewayAsync("gateway, bound hop tokens", options => options with { Bind = true });
        PeerProcess[] contenders = [yarp, plain, bound];
        var probe = new Probe(token);
        await probe.AnswersAsync(contenders);
        var (bearer, proven) = (await probe.SeenAsync(plain), await probe.SeenAsync(bound));
        Probe.Require((string?)bearer["scheme"] == "Bearer" && !(bool)bearer["proof"]!, plain, "shows a bearer token");
        Probe.Require((string?)proven["scheme"] == "DPoP" && (bool)proven["proof"]! && proven["claims"]!["cnf"]?["jkt"] is not null, bound, "shows a bound token and a proof");

        var cpu = await comparison.MeasureAsync($"dpop-out: one token, small JSON calls, {Wrk.Connections} connections", contenders, script);
        var (sign, verify) = SignatureCost.Measure();
        Console.WriteLine(FormattableString.Invariant($"bare ES256: {sign:F1} µs to sign, {verify:F1} µs to verify"));
        comparison.Goal("warm with outbound binding: CPU per request more, of bare YARP's", (cpu[bound] - cpu[plain]) / cpu[yarp], 0.8);
    }
}
