namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a new token each time cost when the gateway mints the hop token itself?</summary>
internal sealed class ColdLocal : IScenario
{
    public string Name => "cold-local";

    public async Task RunAsync(Comparison comparison)
    {
        var gateway = await comparison.Bed.StartGatewayAsync();
        var ratio = await ColdTokens.CompareAsync(comparison, gateway, "cold-local: another token each time, local issuer, ES256 in and out");
        comparison.Goal("cold, local issuer, ES256 in and out: CPU per request, of a warm one's", ratio, 3.5);
    }
}
