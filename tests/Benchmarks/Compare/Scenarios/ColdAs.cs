namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a new token each time cost when an authorization server exchanges it (whose own CPU time is not counted)?</summary>
internal sealed class ColdAs : IScenario
{
    public string Name => "cold-as";

    public async Task RunAsync(Comparison comparison)
    {
        var gateway = await comparison.Bed.StartGatewayAsync(change: options => options with { Exchange = true });
        var ratio = await ColdTokens.CompareAsync(comparison, gateway, "cold-as: another token each time, exchanged by an authorization server, ES256 in and out");
        comparison.Goal("cold, an authorization server asked for each: CPU per request, of a warm one's", ratio, 6);
    }
}
