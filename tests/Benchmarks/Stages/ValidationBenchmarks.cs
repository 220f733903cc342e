using BenchmarkDotNet.Attributes;
using Harness;
using TokenExchange.Inbound;

namespace Gateway.Benchmarks.Stages;

/// <summary>What does it cost to know that a token was minted for this server: remembered, and anew?</summary>
[MemoryDiagnoser]
public class ValidationBenchmarks
{
    private Stage es256 = null!;
    private Stage rs256 = null!;
    private TokenValidator warm = null!;
    private TokenValidator coldEs256 = null!;
    private TokenValidator coldRs256 = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        es256 = await Stage.StartAsync(TestKeys.Es256);
        rs256 = await Stage.StartAsync(TestKeys.Rs256);
        (warm, coldEs256, coldRs256) = (es256.Validator(1024), es256.Validator(0), rs256.Validator(0));
        await Warm();
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await es256.DisposeAsync();
        await rs256.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public Task<bool> Warm() => Passes(warm, es256);

    [Benchmark]
    public Task<bool> ColdEs256() => Passes(coldEs256, es256);

    [Benchmark]
    public Task<bool> ColdRs256() => Passes(coldRs256, rs256);

    private static async Task<bool> Passes(TokenValidator validator, Stage stage) =>
        (await validator.ValidateAsync(stage.Token.AsMemory(), CancellationToken.None)).Token is not null;
}
