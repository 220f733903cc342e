using TokenExchange.Inbound.Proof;
using TokenExchange.Outbound;
using TokenExchange.Tests.Cache;
using TokenExchange.Tests.Proof;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>A thread that serves sockets is lent by the connections of many: what takes a signature leaves it, and what takes none does not.</summary>
public sealed class PoolThreadTests
{
    private const string Certificate = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";

    [Fact]
    public async Task A_hop_token_that_nobody_holds_is_made_on_the_thread_pool()
    {
        using var fixture = new CacheFixture();
        var threads = new List<bool>();
        fixture.Inner.Answer = request =>
        {
            threads.Add(Thread.CurrentThread.IsThreadPoolThread);
            return fixture.Inner.Token(request, TimeSpan.FromMinutes(5));
        };

        await OnAThreadOfItsOwn(() => fixture.Exchange(CacheFixture.Request()).AsTask());
        await OnAThreadOfItsOwn(() => fixture.Exchange(CacheFixture.Request() with { Call = new BoundCall("tools/call", "forecast", "sha-256=::") }).AsTask());

        Assert.Equal([true, true], threads);
    }

    [Fact]
    public async Task A_hop_token_that_is_held_is_given_at_once()
    {
        using var fixture = new CacheFixture();
        fixture.Inner.Answer = request => fixture.Inner.Token(request, TimeSpan.FromMinutes(5));
        await fixture.Exchange(CacheFixture.Request());

        await OnAThreadOfItsOwn(() =>
        {
            Assert.True(fixture.Exchange(CacheFixture.Request()).AsTask().IsCompletedSuccessfully);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_proof_is_judged_on_the_thread_pool_also_with_a_token_that_is_known()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token(change: (_, payload) => payload["cnf"]!["x5t#S256"] = Certificate);
        var threads = new List<bool>();
        for (var use = 0; use < 2; use++)
        {
            await OnAThreadOfItsOwn(async () => Assert.Equal("accepted", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, new DPoPProof(fixture.Proof(token), "POST", ProofFixture.Uri), () =>
            {
                threads.Add(Thread.CurrentThread.IsThreadPoolThread);
                return Certificate;
            }))));
        }

        Assert.Equal([true, true], threads);
    }

    [Fact]
    public async Task A_known_token_of_a_bearer_is_accepted_at_once()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var token = fixture.Token();
        await fixture.Validator.ValidateAsync(token.AsMemory(), CancellationToken.None);

        await OnAThreadOfItsOwn(() =>
        {
            Assert.True(fixture.Validator.ValidateAsync(token.AsMemory(), CancellationToken.None).AsTask().IsCompletedSuccessfully);
            return Task.CompletedTask;
        });
    }

    /// <summary>Begins something on a thread that is not the pool's, as those are not that serve sockets.</summary>
    private static async Task OnAThreadOfItsOwn(Func<Task> begin) =>
        await await Task.Factory.StartNew(
            () =>
            {
                Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                return begin();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
}
