namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a new token each time cost when an authorization server exchanges it (whose own CPU time is not counted)?</summary>
internal sealed class ColdAs : IScenario
{
    public string Name => "cold-as";

    public async Task RunAsync(Comparison comparison)
    {
        var gateway = await comparison.Bed.StartGatewayAsync(change: options => options with { Exchange = true });
        await ColdTokens.CompareAsync(comparison, gateway, "cold-as: another token each time, exchanged by an authorization server, ES256 in and out");
    }
}
