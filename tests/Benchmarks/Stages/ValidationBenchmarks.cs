using BenchmarkDotNet.Attributes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace Gateway.Benchmarks.Stages;

/// <summary>What does it cost to know that a token was minted for this server: remembered, and anew?</summary>
[MemoryDiagnoser]
public class ValidationBenchmarks
{
    private Stage es256 = null!;
    private Stage rs256 = null!;
    private TokenText presented = null!;
    private TokenValidator warm = null!;
    private TokenValidator coldEs256 = null!;
    private TokenValidator coldRs256 = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        es256 = await Stage.StartAsync(TestKeys.Es256);
        rs256 = await Stage.StartAsync(TestKeys.Rs256);
        (warm, coldEs256, coldRs256) = (es256.Validator(1024), es256.Validator(0), rs256.Validator(0));
        presented = new TokenText(es256.Token.AsMemory());
        await Warm();
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await es256.DisposeAsync();
        await rs256.DisposeAsync();
    }

    /// <summary>On a connection that brought the token before.</summary>
    [Benchmark(Baseline = true)]
    public Task<bool> Warm() => Passes(warm, presented);

    [Benchmark]
    public Task<bool> ColdEs256() => Passes(coldEs256, new TokenText(es256.Token.AsMemory()));

    [Benchmark]
    public Task<bool> ColdRs256() => Passes(coldRs256, new TokenText(rs256.Token.AsMemory()));

    private static async Task<bool> Passes(TokenValidator validator, TokenText token) =>
        (await validator.ValidateAsync(token, default, CancellationToken.None)).Token is not null;
}
