using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Cache;

public sealed class SingleFlightTests : IDisposable
{
    private readonly CacheFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public async Task A_thousand_cold_calls_make_one_exchange()
    {
        var request = CacheFixture.Request();
        var calls = await Start(1000, request);
        Answer(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));

        var results = (await Task.WhenAll(calls)).Cast<ExchangeResult.Issued>().ToList();
        Assert.Equal(1, fixture.Inner.Calls);
        Assert.Single(results, result => result.Origin == ExchangeOrigin.Issued);
        Assert.Equal(999, results.Count(result => result.Origin == ExchangeOrigin.Joined));
        Assert.Single(results.Select(result => result.Token).Distinct());
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
    }

    [Fact]
    public async Task A_thousand_cold_calls_share_one_failure_and_nobody_later_does()
    {
        var request = CacheFixture.Request();
        var calls = await Start(1000, request);
        Answer(new ExchangeResult.Unavailable(TimeSpan.FromSeconds(3)));

        Assert.All(await Task.WhenAll(calls), result => Assert.IsType<ExchangeResult.Unavailable>(result));
        Assert.Equal(1, fixture.Inner.Calls);

        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
    }

    [Fact]
    public async Task A_thousand_cold_calls_share_one_bug_and_nobody_later_does()
    {
        var request = CacheFixture.Request();
        var calls = await Start(1000, request);
        Assert.True(fixture.Inner.Held.TryDequeue(out var held));
        held.SetException(new InvalidOperationException("bug"));

        foreach (var call in calls)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => call);
        }

        Assert.Equal(1, fixture.Inner.Calls);
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
    }

    [Fact]
    public async Task Who_joined_waits_for_nothing_that_the_first_caller_does_with_the_answer()
    {
        var request = CacheFixture.Request();
        var first = Assert.Single(await fixture.Boarded(1, request));
        var joined = Assert.Single(await fixture.Boarded(1, request));
        var meanwhile = first.ContinueWith(_ => joined.Wait(TimeSpan.FromMinutes(1)), TaskContinuationOptions.ExecuteSynchronously);

        Answer(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        Assert.True(await meanwhile);
    }

    [Fact]
    public async Task The_first_caller_leaving_leaves_alone()
    {
        var request = CacheFixture.Request();
        using var leaves = new CancellationTokenSource();
        var first = fixture.Exchange(request, leaves.Token).AsTask();
        await fixture.Inner.Asked();
        var others = Enumerable.Range(0, 99).Select(_ => fixture.Exchange(request).AsTask()).ToList();

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(fixture.Inner.LastCancellation.IsCancellationRequested);

        Answer(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        Assert.All(await Task.WhenAll(others), result => Assert.IsType<ExchangeResult.Issued>(result));
        Assert.Equal(1, fixture.Inner.Calls);
    }

    [Fact]
    public async Task All_callers_leaving_still_brings_the_token_for_the_next()
    {
        var request = CacheFixture.Request();
        using var leaves = new CancellationTokenSource();
        var only = fixture.Exchange(request, leaves.Token).AsTask();
        await fixture.Inner.Asked();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => only);

        var next = fixture.Exchange(request).AsTask();
        Answer(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        Assert.IsType<ExchangeResult.Issued>(await next);
        Assert.Equal(1, fixture.Inner.Calls);
    }

    [Fact]
    public async Task A_caller_who_left_before_asking_starts_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await fixture.Exchange(CacheFixture.Request(), new CancellationToken(true)));
        Assert.Equal(0, fixture.Inner.Calls);
    }

    [Fact]
    public async Task An_exchange_that_never_ends_is_given_up_by_the_flights_own_clock()
    {
        var request = CacheFixture.Request();
        var call = fixture.Exchange(request).AsTask();
        await fixture.Inner.Asked();
        fixture.Clock.Advance(TimeSpan.FromSeconds(119));
        Assert.False(call.IsCompleted);
        fixture.Clock.Advance(TimeSpan.FromSeconds(2));

        var outcome = Assert.IsType<ExchangeResult.Unavailable>(await call);
        Assert.InRange(outcome.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        Assert.True(fixture.Inner.LastCancellation.IsCancellationRequested);

        // What arrives too late is nobody's.
        Answer(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        fixture.Inner.Answer = _ => new ExchangeResult.Unavailable(TimeSpan.FromSeconds(1));
        Assert.IsType<ExchangeResult.Unavailable>(await fixture.Exchange(request));
    }

    [Fact]
    public async Task Different_keys_do_not_wait_for_each_other()
    {
        var slow = fixture.Exchange(CacheFixture.Request("slow")).AsTask();
        await fixture.Inner.Asked();
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(CacheFixture.Request("fast")));
        Assert.False(slow.IsCompleted);
    }

    [Fact]
    public async Task Many_keys_under_contention_make_one_exchange_each()
    {
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        var requests = Enumerable.Range(0, 200).Select(i => CacheFixture.Request("user" + i)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 4000; i++)
            {
                Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(requests[i % 200]));
            }
        })));
        Assert.Equal(200, fixture.Inner.Calls);
    }

    private async Task<List<Task<ExchangeResult>>> Start(int count, TokenExchangeRequest request)
    {
        var calls = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => fixture.Boarded(count / 4, request)));
        return [.. calls.SelectMany(list => list)];
    }

    private void Answer(ExchangeResult result)
    {
        Assert.True(fixture.Inner.Held.TryDequeue(out var held));
        held.SetResult(result);
    }
}
