using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Does a request cost more when many servers are configured?</summary>
internal sealed class Servers : IScenario
{
    public string Name => "servers";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", bed.Tokens.One(bed.Tokens.Rs256))]);
        var gateways = new List<PeerProcess>();
        foreach (var count in (int[])[1, 100, 1000])
        {
            gateways.Add(await bed.StartGatewayAsync($"{count} configured", options => options with { ServerCount = count }));
        }

        await comparison.MeasureAsync("servers: calls at one of them, one token", gateways, script);
    }
}
