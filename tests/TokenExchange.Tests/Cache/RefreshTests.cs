using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Cache;

public sealed class RefreshTests : IDisposable
{
    private readonly CacheFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public async Task A_busy_route_never_waits_after_its_first_exchange()
    {
        var request = CacheFixture.Request();
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromSeconds(60));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
        await fixture.Inner.Asked();
        for (var second = 0; second < 600; second++)
        {
            fixture.Clock.Advance(TimeSpan.FromSeconds(1));
            var call = fixture.Exchange(request);
            Assert.True(call.IsCompletedSuccessfully, $"waits after {second} s");
            Assert.Equal(ExchangeOrigin.Hit, Assert.IsType<ExchangeResult.Issued>(await call).Origin);
            await RefreshEnded();
        }

        Assert.InRange(fixture.Inner.Calls, 10, 18);
        Assert.Equal(600, Assert.Single(fixture.Cache.Entries()).Hits);
    }

    [Fact]
    public async Task An_entry_nobody_uses_is_not_refreshed()
    {
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromSeconds(60));
        await fixture.Exchange(CacheFixture.Request());
        fixture.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, fixture.Inner.Calls);
        Assert.Equal(0, fixture.Cache.Store.Count);
    }

    [Fact]
    public async Task A_failing_refresh_leaves_the_entry_to_its_end_and_does_not_hammer()
    {
        var request = await WarmUp();
        fixture.Inner.Answer = _ => new ExchangeResult.Unavailable(TimeSpan.FromSeconds(1));
        for (var step = 0; step < 880; step++)
        {
            fixture.Clock.Advance(TimeSpan.FromSeconds(0.1));
            Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
            await RefreshEnded();
        }

        Assert.InRange(fixture.Inner.Calls, 3, 12);
        fixture.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.IsType<ExchangeResult.Unavailable>(await fixture.Exchange(request));
    }

    [Fact]
    public async Task A_definite_no_to_a_refresh_ends_the_entry()
    {
        var request = await WarmUp();
        fixture.Clock.Advance(TimeSpan.FromSeconds(80));
        fixture.Inner.Answer = _ => new ExchangeResult.Refused(ExchangeError.SubjectRefused);
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
        await RefreshEnded();
        Assert.IsType<ExchangeResult.Refused>(await fixture.Exchange(request));
    }

    [Fact]
    public async Task One_refresh_at_a_time_and_a_request_after_the_entrys_end_joins_it()
    {
        var request = await WarmUp();
        fixture.Clock.Advance(TimeSpan.FromSeconds(88));
        fixture.Inner.Answer = null;
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
        }

        await fixture.Inner.Asked();
        fixture.Clock.Advance(TimeSpan.FromSeconds(3));
        var late = Assert.Single(await fixture.Boarded(1, request));
        Assert.True(fixture.Inner.Held.TryDequeue(out var held));
        held.SetResult(fixture.Inner.Token(request, TimeSpan.FromSeconds(100)));
        Assert.Equal(ExchangeOrigin.Joined, Assert.IsType<ExchangeResult.Issued>(await late).Origin);
        Assert.Equal(2, fixture.Inner.Calls);
    }

    private async Task<TokenExchangeRequest> WarmUp()
    {
        var request = CacheFixture.Request();
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromSeconds(100));
        await fixture.Exchange(request);
        await fixture.Inner.Asked();
        // Served for 90 s; the refresh begins between 63 and 72 s.
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        return request;
    }

    /// <summary>Waits for a refresh that the last hit began, if it began one and that is still on its way.</summary>
    private Task RefreshEnded() => fixture.Cache.Settled() ?? Task.CompletedTask;
}
