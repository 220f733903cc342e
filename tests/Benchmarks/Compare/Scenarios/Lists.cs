using System.Text.Json.Nodes;
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
        var probe = new Probe(bed.Tokens.One(bed.Tokens.Es256)) { Path = "/weather" + Backend.Listed, Body = Wrk.List };
        var script = bed.PathOf("lists.lua");
        Wrk.WriteScript(script, [(probe.Path, probe.Token!)], probe.Body);
        var yarp = await bed.StartYarpAsync();
        var plain = await bed.StartGatewayAsync("gateway, lists as they come");
        var filtering = await bed.StartGatewayAsync("gateway, FilterLists", options => options with { FilterLists = true });
        var asking = await bed.StartGatewayAsync("gateway, FilterLists of a policy", options => options with { PolicyUrl = bed.Backend.Url + Backend.Decisions, PolicyFilterLists = true });
        PeerProcess[] contenders = [yarp, plain, filtering, asking];
        foreach (var peer in contenders)
        {
            var names = JsonNode.Parse(await probe.BodyAsync(peer))!["result"]!["tools"]!.AsArray().Select(tool => (string)tool!["name"]!).ToArray();
            var hidden = names.Count(name => name.StartsWith(Backend.HiddenTool, StringComparison.Ordinal));
            Probe.Require((names.Length, hidden) == (peer == filtering || peer == asking ? (20, 0) : (40, 20)), peer, "shows the tools that it should");
        }

        var cpu = await comparison.MeasureAsync($"lists: one token, tools/list of 40 tools, {Wrk.Connections} connections", contenders, script);
        comparison.Goal("lists as they come: CPU per request, of bare YARP's", cpu[plain] / cpu[yarp], 1.0);
        comparison.Goal("lists that are filtered: CPU per request more, of bare YARP's", (cpu[filtering] - cpu[plain]) / cpu[yarp], 1.0);
        comparison.Goal("lists that a policy filters (two questions each): CPU per request more, of bare YARP's", (cpu[asking] - cpu[plain]) / cpu[yarp], null);
    }
}
