using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange;
using TokenExchange.Cache;
using TokenExchange.Issue;
using TokenExchange.Tests.Harness;

namespace Gateway.Benchmarks.Stages;

/// <summary>What does a hop token cost: remembered, and minted by the local issuer?</summary>
[MemoryDiagnoser]
public class ExchangeBenchmarks
{
    private readonly string directory = Directory.CreateTempSubdirectory("benchmark-keys-").FullName;
    private Stage stage = null!;
    private LocalIssuer issuer = null!;
    private ExchangeCache cache = null!;
    private ITokenExchanger mint = null!;
    private ITokenExchanger cached = null!;
    private TokenExchangeRequest request = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        SigningKeyFile.Create(directory, "ES256", TimeProvider.System);
        stage = await Stage.StartAsync(TestKeys.Es256);
        issuer = new LocalIssuer(new LocalIssuerSettings("https://mcp.example.com/hop", directory, "ES256"), TimeProvider.System, NullLogger<LocalIssuer>.Instance);
        cache = new ExchangeCache(new ExchangeCacheSettings(1000, TimeSpan.FromMinutes(5)), TimeProvider.System);
        mint = issuer.For(new LocalTokenSettings(TimeSpan.FromMinutes(2), [], false, null));
        cached = cache.Wrap(mint, new CachePartition("local", "https://mcp.example.com/hop", "", "access_token"));
        var token = (await stage.Validator(1).ValidateAsync(stage.Token.AsMemory(), CancellationToken.None)).Token!;
        var target = new OutboundTarget { Server = Stage.Resource, Resource = "https://weather.internal/mcp", ResultAudiences = ["https://weather.internal/mcp"], SettingsDigest = "bench" };
        request = new TokenExchangeRequest(token, target, token.Scopes);
        await CacheHit();
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        cache.Dispose();
        issuer.Dispose();
        await stage.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public Task<bool> CacheHit() => Issues(cached);

    [Benchmark]
    public Task<bool> LocalMintEs256() => Issues(mint);

    private async Task<bool> Issues(ITokenExchanger exchanger) =>
        await exchanger.ExchangeAsync(request, CancellationToken.None) is ExchangeResult.Issued;
}
