using Harness;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace TokenExchange.Tests.Cache;

public sealed class LifetimeTests : IDisposable
{
    private static readonly DateTimeOffset Start = new ManualClock().GetUtcNow();
    private readonly CacheFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Theory]
    [InlineData(100, 7200, 90)] // the result's end, less a tenth
    [InlineData(7200, 100, 90)] // the inbound token's
    [InlineData(7200, 7200, 270)] // the greatest age, less the greatest margin
    [InlineData(5, 7200, 4)] // never less margin than a second
    [InlineData(1, 7200, 0)]
    [InlineData(-5, 7200, 0)]
    [InlineData(7200, -5, 0)]
    public void An_entry_ends_before_the_first_of_its_ends(int result, int inbound, int served)
    {
        var until = EntryLifetime.OfToken(Start, Start.AddSeconds(result), Start.AddSeconds(inbound), TimeSpan.FromMinutes(5));
        Assert.Equal(served, Math.Max(0, (until - Start).TotalSeconds));
    }

    [Theory]
    [InlineData(60, 7200)]
    [InlineData(7200, 60)]
    public async Task A_token_is_never_served_at_its_end_nor_at_the_inbound_tokens(int result, int inbound)
    {
        fixture.Inner.Answer = asked => ScriptedExchanger.Issue(asked, Start.AddSeconds(result));
        var request = CacheFixture.Request(expiresAt: Start.AddSeconds(inbound));
        await fixture.Exchange(request);
        fixture.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
        fixture.Clock.Advance(TimeSpan.FromSeconds(24));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
    }

    [Fact]
    public async Task An_inbound_token_whose_end_moved_forward_is_not_served_from_before()
    {
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        await fixture.Exchange(CacheFixture.Request(value: "opaque"));
        fixture.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(CacheFixture.Request(value: "opaque", expiresAt: Start.AddSeconds(10))));
    }

    [Fact]
    public async Task A_result_too_short_to_keep_is_returned_and_not_kept()
    {
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromSeconds(1));
        var request = CacheFixture.Request();
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
        Assert.Equal(0, fixture.Cache.Store.Count);
    }

    [Fact]
    public async Task A_hit_allocates_nothing_and_completes_at_once()
    {
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        var request = CacheFixture.Request();
        await fixture.Exchange(request);
        var hit = fixture.Exchange(request);
        Assert.True(hit.IsCompletedSuccessfully);
        await hit;

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            await fixture.Exchange(request);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public static readonly TheoryData<ExchangeError, string?, bool> Refusals = new()
    {
        { ExchangeError.SubjectRefused, "invalid_grant", true },
        { ExchangeError.TargetRefused, "invalid_target", true },
        { ExchangeError.InteractionRequired, null, true },
        { ExchangeError.ActorChainRefused, null, true },
        { ExchangeError.ClaimRefused, null, true },
        { ExchangeError.Misconfigured, "invalid_request", true },
        { ExchangeError.Misconfigured, null, true },
        { ExchangeError.Misconfigured, "invalid_client", false },
        { ExchangeError.Misconfigured, "invalid_client", true },
        { ExchangeError.Misconfigured, "unauthorized_client", false },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_remembered_for_five_to_ten_seconds_unless_it_is_about_the_client(ExchangeError error, string? diagnostic, bool remembered)
    {
        fixture.Inner.Answer = _ => new ExchangeResult.Refused(error, Diagnostic: diagnostic) { OfClient = !remembered };
        var request = CacheFixture.Request();
        await fixture.Exchange(request);
        fixture.Clock.Advance(TimeSpan.FromSeconds(4.9));
        await fixture.Exchange(request);
        Assert.Equal(remembered ? 1 : 2, fixture.Inner.Calls);
        fixture.Clock.Advance(TimeSpan.FromSeconds(5.2));
        await fixture.Exchange(request);
        Assert.Equal(remembered ? 2 : 3, fixture.Inner.Calls);
    }

    [Fact]
    public async Task A_refusal_is_remembered_also_of_a_token_that_is_over_and_taken_within_its_skew()
    {
        fixture.Inner.Answer = _ => new ExchangeResult.Refused(ExchangeError.SubjectRefused, Diagnostic: "invalid_grant");
        var request = CacheFixture.Request(expiresAt: Start.AddSeconds(-1));
        await fixture.Exchange(request);
        await fixture.Exchange(request);
        Assert.Equal(1, fixture.Inner.Calls);
    }

    [Fact]
    public async Task A_rejected_result_is_remembered_and_an_outage_is_not()
    {
        var request = CacheFixture.Request();
        fixture.Inner.Answer = _ => new ExchangeResult.Unavailable(TimeSpan.FromSeconds(1));
        await fixture.Exchange(request);
        fixture.Inner.Answer = _ => new ExchangeResult.Rejected(ResultRejection.Audience);
        await fixture.Exchange(request);
        await fixture.Exchange(request);
        Assert.Equal(2, fixture.Inner.Calls);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_refusal_last_longer()
    {
        var request = CacheFixture.Request();
        fixture.Inner.Answer = _ => new ExchangeResult.Refused(ExchangeError.SubjectRefused);
        await fixture.Exchange(request);
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));

        fixture.Clock.Set(-TimeSpan.FromMinutes(30));
        fixture.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(request));
    }

    [Fact]
    public async Task One_users_refusal_is_not_anothers()
    {
        fixture.Inner.Answer = asked => asked.Subject.Subject == "mallory" ? new ExchangeResult.Refused(ExchangeError.SubjectRefused) : fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        Assert.IsType<ExchangeResult.Refused>(await fixture.Exchange(CacheFixture.Request("mallory")));
        Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(CacheFixture.Request("alice")));
    }
}
