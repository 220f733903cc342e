using System.Collections.Frozen;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace TokenExchange.Tests.Cache;

/// <summary>A cache before a scripted exchanger, under a clock of its own.</summary>
internal sealed class CacheFixture : IDisposable
{
    public static readonly CachePartition Partition = new("corp", "https://issuer.example/token", "gateway", "access_token");

    public CacheFixture(int capacity = 1000, TimeSpan? maxAge = null, CachePartition? partition = null)
    {
        Inner = new ScriptedExchanger(Clock);
        Cache = new ExchangeCache(new ExchangeCacheSettings(capacity, maxAge ?? TimeSpan.FromMinutes(5)), Clock);
        Exchanger = Cache.Wrap(Inner, partition ?? Partition);
    }

    public ManualClock Clock { get; } = new();

    public ScriptedExchanger Inner { get; }

    public ExchangeCache Cache { get; }

    public ITokenExchanger Exchanger { get; }

    public static OutboundTarget Target(string server = "https://mcp.example/weather") => new()
    {
        InboundResource = server,
        InboundAudiences = FrozenDictionary<string, FrozenSet<string>>.Empty,
        Resource = "https://weather.internal/mcp",
        ResultAudiences = ["https://weather.internal/mcp"],
        SettingsDigest = "settings-1",
    };

    public static TokenExchangeRequest Request(string subject = "alice", string issuer = "https://issuer.example", string? value = null, DateTimeOffset? expiresAt = null, System.Text.Json.Nodes.JsonObject? claims = null) =>
        new(
            Subjects.Token(subject: subject, issuer: issuer, value: value ?? $"{issuer} {subject}", expiresAt: expiresAt ?? new ManualClock().GetUtcNow() + TimeSpan.FromHours(2), claims: claims),
            Target(),
            ScopeSet.Of("weather.read"));

    public ValueTask<ExchangeResult> Exchange(TokenExchangeRequest request, CancellationToken cancellationToken = default) =>
        Exchanger.ExchangeAsync(request, cancellationToken);

    /// <summary>Callers who wait for an exchange. On the thread pool a call is on board before it returns; elsewhere it may be soon after.</summary>
    public Task<List<Task<ExchangeResult>>> Boarded(int count, TokenExchangeRequest request) =>
        Task.Run(() => Enumerable.Range(0, count).Select(_ => Exchange(request).AsTask()).ToList());

    public async Task<ExchangeOrigin> Origin(TokenExchangeRequest request) =>
        Assert.IsType<ExchangeResult.Issued>(await Exchange(request)).Origin;

    public void Dispose() => Cache.Dispose();
}
