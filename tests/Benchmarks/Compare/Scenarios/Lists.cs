using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does it cost to take half of 40 tools out of a list? Every call asks for the list, as no client does.</summary>
internal sealed class Lists : IScenario
{
    public string Name => "lists";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var script = bed.PathOf("lists.lua");
        Wrk.WriteScript(script, [("/weather/list", bed.Tokens.One(bed.Tokens.Es256))], Wrk.List);
        var yarp = await bed.StartYarpAsync();
        var plain = await bed.StartGatewayAsync("gateway, lists as they come");
        var filtering = await bed.StartGatewayAsync("gateway, FilterLists", options => options with { FilterLists = true });
        PeerProcess[] contenders = [yarp, plain, filtering];

        var cpu = await comparison.MeasureAsync($"lists: one token, tools/list of 40 tools, {Wrk.Connections} connections", contenders, script);
        comparison.Goal("lists as they come: CPU per request, of bare YARP's", cpu[plain] / cpu[yarp], 1.0);
        comparison.Goal("lists that are filtered: CPU per request more, of bare YARP's", (cpu[filtering] - cpu[plain]) / cpu[yarp], 1.0);
    }
}
