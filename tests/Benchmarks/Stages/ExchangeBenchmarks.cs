using System.Collections.Frozen;
using BenchmarkDotNet.Attributes;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Local;

namespace Gateway.Benchmarks.Stages;

/// <summary>What does a hop token cost: remembered, minted by the local issuer, and shared by many who ask at once?</summary>
[MemoryDiagnoser]
public class ExchangeBenchmarks
{
    private const int Callers = 32;
    private readonly string directory = Directory.CreateTempSubdirectory("benchmark-keys-").FullName;
    private Stage stage = null!;
    private LocalIssuer issuer = null!;
    private ExchangeCache cache = null!;
    private ITokenExchanger mint = null!;
    private ITokenExchanger cached = null!;
    private CacheKeys keys = null!;
    private Gated gated = null!;
    private ITokenExchanger joined = null!;
    private TokenExchangeRequest request = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        SigningKeyFile.Create(directory, "ES256", TimeProvider.System);
        stage = await Stage.StartAsync(TestKeys.Es256);
        issuer = new LocalIssuer(new LocalIssuerSettings("https://mcp.example.com/hop", directory, "ES256"), TimeProvider.System, NullLogger<LocalIssuer>.Instance);
        cache = new ExchangeCache(new ExchangeCacheSettings(1000, TimeSpan.FromMinutes(5)), TimeProvider.System);
        mint = issuer.For(new LocalTokenSettings(TimeSpan.FromMinutes(2), [], false));
        var partition = new CachePartition("local", "https://mcp.example.com/hop", "", "access_token");
        keys = new CacheKeys(partition);
        cached = cache.Wrap(mint, partition);
        gated = new Gated(mint);
        joined = cache.Wrap(gated, partition with { ClientId = "joined" });
        var token = (await stage.Validator(1).ValidateAsync(stage.Token.AsMemory(), CancellationToken.None)).Token!;
        var target = new OutboundTarget { InboundResource = Stage.Resource, Resource = "https://weather.internal/mcp", InboundAudiences = FrozenDictionary<string, FrozenSet<string>>.Empty, ResultAudiences = ["https://weather.internal/mcp"], SettingsDigest = "bench" };
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

    [Benchmark]
    public bool Key() => keys.Of(request).GetHashCode() != 0;

    /// <summary>One mints, the others join it; the figures are those of one caller.</summary>
    [Benchmark(OperationsPerInvoke = Callers)]
    public async Task<bool> Join()
    {
        cache.ForgetSubject(request.Subject.Issuer, request.Subject.Subject);
        gated.Close();
        var callers = new Task<ExchangeResult>[Callers];
        for (var i = 0; i < Callers; i++)
        {
            callers[i] = joined.ExchangeAsync(request, CancellationToken.None).AsTask();
        }

        gated.Open();
        var results = await Task.WhenAll(callers);
        return results.Count(result => result is ExchangeResult.Issued { Origin: ExchangeOrigin.Joined }) == Callers - 1;
    }

    private async Task<bool> Issues(ITokenExchanger exchanger) =>
        await exchanger.ExchangeAsync(request, CancellationToken.None) is ExchangeResult.Issued;

    /// <summary>Lets nobody through before all have come.</summary>
    private sealed class Gated(ITokenExchanger inner) : ITokenExchanger
    {
        private TaskCompletionSource gate = new();

        public void Close() => gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => gate.SetResult();

        public async ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
        {
            await gate.Task;
            return await inner.ExchangeAsync(request, cancellationToken);
        }
    }
}
