using System.Collections.Concurrent;
using Harness;
using Microsoft.Extensions.Logging;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>An issuer that is away when the gateway starts: asked again soon, by the clock and never by the requests.</summary>
public sealed class KeyOutageTests : IAsyncDisposable
{
    private readonly ManualClock clock = new();
    private readonly KeptLog log = new();
    private TestAuthorizationServer issuer = null!;
    private AuthorizationServer server = null!;

    [Fact]
    public async Task An_issuer_that_is_down_at_the_start_is_asked_again_after_pauses_that_double_however_many_wait()
    {
        await StartAsync(DocumentAnswer.ServerError);
        foreach (var (seconds, fetches) in new[] { (1, 2), (2, 3), (4, 4), (8, 5), (16, 6), (30, 7), (30, 8) })
        {
            await ManyAskAsync();
            clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            await ManyAskAsync();
            Assert.Equal(fetches - 1, issuer.JwksFetches);

            clock.Advance(TimeSpan.FromMilliseconds(1));
            await server.Keys.Fetching;
            Assert.Equal(fetches, issuer.JwksFetches);
        }
    }

    [Fact]
    public async Task An_issuer_that_comes_back_serves_everybody_after_one_fetch_and_is_left_alone()
    {
        await StartAsync(DocumentAnswer.ServerError);
        issuer.JwksAnswer = DocumentAnswer.Sound;
        Assert.Equal(TokenRefusal.KeysUnavailable, (await FindAsync("es256")).Refusal);

        clock.Advance(TimeSpan.FromSeconds(1));
        var callers = Enumerable.Range(0, 100).Select(_ => FindAsync("es256")).ToList();

        Assert.All(await Task.WhenAll(callers), found => Assert.NotNull(found.Key));
        Assert.Equal(2, issuer.JwksFetches);
        clock.Advance(TimeSpan.FromSeconds(29));
        await FindAsync("made-up");
        Assert.Equal(2, issuer.JwksFetches);
    }

    [Fact]
    public async Task An_outage_says_since_when_it_lasts_and_when_the_next_try_is()
    {
        var start = clock.GetUtcNow();
        await StartAsync(DocumentAnswer.ServerError);
        Assert.Equal((start, start + TimeSpan.FromSeconds(1), null), (server.Keys.FailingSince, server.Keys.NextFetch, server.Keys.ChangedAt));

        clock.Advance(TimeSpan.FromSeconds(1));
        await server.Keys.Fetching;
        Assert.Equal((start, start + TimeSpan.FromSeconds(3)), (server.Keys.FailingSince, server.Keys.NextFetch));

        issuer.JwksAnswer = DocumentAnswer.Sound;
        clock.Advance(TimeSpan.FromSeconds(2));
        await server.Keys.Fetching;
        Assert.Equal((null, start + TimeSpan.FromMinutes(5), start + TimeSpan.FromSeconds(3)), (server.Keys.FailingSince, server.Keys.NextFetch, server.Keys.ChangedAt));

        clock.Advance(TimeSpan.FromMinutes(5));
        await server.Keys.Fetching;
        Assert.Equal((start + TimeSpan.FromMinutes(10), start + TimeSpan.FromSeconds(3)), (server.Keys.NextFetch, server.Keys.ChangedAt));
    }

    [Fact]
    public async Task With_keys_at_hand_nothing_shortens_the_interval_in_an_outage()
    {
        await StartAsync(DocumentAnswer.Sound);
        issuer.JwksAnswer = DocumentAnswer.ServerError;
        clock.Advance(IssuerKeys.Interval);
        await ManyAskAsync();
        Assert.Equal(2, issuer.JwksFetches);

        clock.Advance(IssuerKeys.Interval - TimeSpan.FromMilliseconds(1));
        await ManyAskAsync();

        Assert.Equal(2, issuer.JwksFetches);
        Assert.NotNull((await FindAsync("es256")).Key);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_keys_younger()
    {
        await StartAsync(DocumentAnswer.Sound);
        issuer.JwksAnswer = DocumentAnswer.ServerError;

        clock.Set(-TimeSpan.FromHours(3));
        clock.Advance(TimeSpan.FromHours(1));
        await server.Keys.Fetching;

        Assert.Equal(TokenRefusal.KeysUnavailable, (await FindAsync("es256")).Refusal);
    }

    [Fact]
    public async Task Without_metadata_the_keys_come_soon_after_it_does()
    {
        await StartAsync(DocumentAnswer.Sound, discovered: true, metadata: DocumentAnswer.ServerError);
        Assert.False(server.Keys.Available);
        issuer.MetadataAnswer = DocumentAnswer.Sound;

        clock.Advance(TimeSpan.FromSeconds(1));
        await server.Keys.Fetching;

        Assert.NotNull((await FindAsync("es256")).Key);
    }

    [Fact]
    public async Task Metadata_that_is_needed_and_missing_is_asked_for_at_most_once_per_pause_and_within_five_seconds()
    {
        await StartAsync(DocumentAnswer.Sound, metadata: DocumentAnswer.ServerError);
        foreach (var seconds in new[] { 1, 2, 4, 5, 5 })
        {
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => server.DiscoverAsync(CancellationToken.None).AsTask())), Assert.Null);
            var asked = issuer.MetadataFetches;
            clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Null(await server.DiscoverAsync(CancellationToken.None));
            Assert.Equal(asked, issuer.MetadataFetches);
            clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        issuer.MetadataAnswer = DocumentAnswer.Sound;
        Assert.NotNull(await server.DiscoverAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(DocumentAnswer.ServerError, "status 500")]
    [InlineData(DocumentAnswer.Redirect, "status 302")]
    [InlineData(DocumentAnswer.Oversize, "too_large")]
    public async Task Each_fetch_that_failed_is_told_once_with_its_cause(DocumentAnswer answer, string cause)
    {
        await StartAsync(answer);
        await ManyAskAsync();
        Assert.Equal($"Keys of corp could not be fetched: {cause} at {issuer.JwksUrl} (docs/troubleshooting.md#keys_unavailable)", Assert.Single(log.Warnings));

        clock.Advance(TimeSpan.FromSeconds(1));
        await server.Keys.Fetching;
        Assert.Equal(2, log.Warnings.Count);
    }

    [Fact]
    public async Task Nothing_of_what_the_issuer_says_is_in_the_log()
    {
        issuer = new TestAuthorizationServer();
        issuer.Jwks = """{"keys":"<script>canary"}""";
        await StartAsync(DocumentAnswer.Sound);
        Assert.StartsWith("Keys of corp could not be fetched: no_key_set at ", Assert.Single(log.Warnings), StringComparison.Ordinal);

        issuer.ChangeMetadata = metadata => metadata["issuer"] = "https://canary.example";
        Assert.Null(await server.DiscoverAsync(CancellationToken.None));
        Assert.StartsWith("Metadata of corp could not be fetched: other_issuer at ", log.Warnings[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(log.Warnings, line => line.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_that_are_being_fetched_when_the_gateway_ends_are_no_outage()
    {
        await StartAsync(DocumentAnswer.Sound);
        issuer.JwksAnswer = DocumentAnswer.Hang;
        clock.Advance(TimeSpan.FromMinutes(5));
        while (issuer.JwksFetches < 2)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        server.Dispose();
        await server.Keys.Fetching;

        Assert.Empty(log.Warnings);
    }

    public async ValueTask DisposeAsync()
    {
        server.Dispose();
        await issuer.DisposeAsync();
    }

    private async Task StartAsync(DocumentAnswer keys, bool discovered = false, DocumentAnswer metadata = DocumentAnswer.Sound)
    {
        issuer ??= new TestAuthorizationServer();
        (issuer.JwksAnswer, issuer.MetadataAnswer, issuer.OpenIdAnswer) = (keys, metadata, DocumentAnswer.Missing);
        var settings = new AuthorizationServerSettings { Name = "corp", Issuer = issuer.Issuer, JwksUrl = discovered ? null : new Uri(issuer.JwksUrl) };
        server = new AuthorizationServer(settings, clock, log);
        await server.StartAsync(CancellationToken.None);
    }

    private Task<KeyLookup> FindAsync(string kid) => server.Keys.FindAsync(kid, "ES256", CancellationToken.None).AsTask();

    private async Task ManyAskAsync()
    {
        for (var number = 0; number < 100; number++)
        {
            Assert.Null((await FindAsync($"made-up-{number}")).Key);
        }
    }

    private sealed class KeptLog : ILoggerFactory, ILogger
    {
        private readonly ConcurrentQueue<string> warnings = new();

        public IReadOnlyList<string> Warnings => [.. warnings];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            warnings.Enqueue(formatter(state, exception));
    }
}
