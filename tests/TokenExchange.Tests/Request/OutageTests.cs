using Harness;
using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>Outages of the token endpoint: one more try where that makes sense, a time limit over all, and a breaker.</summary>
public sealed class OutageTests
{
    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(599)]
    public async Task A_server_error_is_tried_once_more(int status)
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(StubAnswer.Error(status, "invalid_client")));
        Assert.Equal(2, exchange.Stub.Posts.Count);
    }

    [Fact]
    public async Task The_second_try_may_succeed()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = request => exchange.Stub.Posts.Count == 1 ? StubAnswer.Json(500, "{}") : exchange.Issue(request);

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public async Task A_reset_and_a_closed_connection_are_tried_once_more()
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(StubAnswer.Reset));
        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(StubAnswer.Close));
        Assert.Equal(4, exchange.Stub.Posts.Count);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_an_outage()
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(StubAnswer.Bytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"access_")));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(302)]
    public async Task A_refusal_is_not_tried_again(int status)
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync(StubAnswer.Error(status, "invalid_target")));
        Assert.Single(exchange.Stub.Posts);
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(429, "0", 1)]
    [InlineData(429, "3600", 30)]
    [InlineData(429, "-5", 5)]
    [InlineData(429, "soon", 5)]
    [InlineData(503, "12", 12)]
    [InlineData(503, "Thu, 01 Jan 2026 12:00:20 GMT", 20)]
    [InlineData(503, "Wed, 01 Jan 2020 00:00:00 GMT", 1)]
    [InlineData(408, null, 5)]
    public async Task The_server_is_not_pressed_when_it_asks_to_wait(int status, string? retryAfter, int seconds)
    {
        await using var exchange = new Exchange();

        var unavailable = Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(StubAnswer.Raw(status, retryAfter is null ? "" : $"Retry-After: {retryAfter}\r\n", "")));

        Assert.Equal(TimeSpan.FromSeconds(seconds), unavailable.RetryAfter);
        Assert.Single(exchange.Stub.Posts);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up_at_the_time_limit()
    {
        await using var exchange = new Exchange();
        var running = exchange.RunAsync(StubAnswer.Hang);
        await exchange.Stub.ArrivalAsync();

        exchange.Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromMilliseconds(1));
        Assert.False(running.IsCompleted);
        exchange.Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.IsType<ExchangeResult.Unavailable>(await running);
        Assert.Single(exchange.Stub.Posts);
    }

    [Fact]
    public async Task A_slow_drip_is_given_up_at_the_time_limit()
    {
        await using var exchange = new Exchange();
        var running = exchange.RunAsync(StubAnswer.Drip(exchange.Clock, """{"access_token":"abcdefghijklmnopqrstuvwxyz"}"""));
        await exchange.Stub.ArrivalAsync();

        exchange.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.IsType<ExchangeResult.Unavailable>(await running);
    }

    [Fact]
    public async Task The_time_limit_covers_both_tries()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = _ => exchange.Stub.Posts.Count == 1 ? StubAnswer.Json(500, "{}") : StubAnswer.Hang;
        var running = exchange.RunAsync();
        await exchange.Stub.ArrivalAsync();
        await exchange.Stub.ArrivalAsync();

        exchange.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.IsType<ExchangeResult.Unavailable>(await running);
    }

    [Fact]
    public async Task A_caller_who_leaves_is_let_go_at_once()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = _ => StubAnswer.Hang;
        using var caller = new CancellationTokenSource();
        var running = exchange.RunAsync(caller.Token);
        await exchange.Stub.ArrivalAsync();

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task An_outage_opens_the_breaker_and_one_probe_after_the_break_closes_it()
    {
        await using var exchange = new Exchange();
        await OpenBreakerAsync(exchange);
        var asked = exchange.Stub.Posts.Count;

        // Open: nothing is sent, and the wait that is left is told, with some more by chance.
        exchange.Clock.Advance(TimeSpan.FromSeconds(2));
        var unavailable = Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync());
        Assert.InRange(unavailable.RetryAfter, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(5));
        Assert.Equal(asked, exchange.Stub.Posts.Count);

        // Half open: one probe, and nobody beside it.
        exchange.Clock.Advance(TimeSpan.FromSeconds(3));
        exchange.Stub.WireAnswer = _ => StubAnswer.Hang;
        var probe = exchange.RunAsync();
        await exchange.Stub.ArrivalAsync(asked);
        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync());
        Assert.Equal(asked + 1, exchange.Stub.Posts.Count);
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.IsType<ExchangeResult.Unavailable>(await probe);

        // Recovered.
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        exchange.Stub.WireAnswer = exchange.Issue;
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public async Task An_outage_says_its_cause_since_when_it_lasts_and_until_when_nobody_asks()
    {
        await using var exchange = new Exchange();
        Assert.Null(exchange.Server.TokenOutage);
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));
        Assert.Null(exchange.Server.TokenOutage);

        await exchange.RunAsync(StubAnswer.Json(503, "{}"));
        var first = exchange.Server.TokenOutage!;
        Assert.Equal(("status 503", first.At, null), (first.Cause, first.Since, first.NextTry));

        await OpenBreakerAsync(exchange);
        var open = exchange.Server.TokenOutage!;
        Assert.Equal((first.Since, open.At + TimeSpan.FromSeconds(5)), (open.Since, open.NextTry));

        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        exchange.Stub.WireAnswer = exchange.Issue;
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
        Assert.Null(exchange.Server.TokenOutage);
        Assert.Null(exchange.Server.IntrospectionOutage);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_break_longer()
    {
        await using var exchange = new Exchange();
        await OpenBreakerAsync(exchange);

        exchange.Clock.Set(-TimeSpan.FromHours(1));
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        exchange.Stub.WireAnswer = exchange.Issue;

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_refusal_of_the_client_longer()
    {
        await using var exchange = new Exchange();
        Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync(StubAnswer.Error(401, "invalid_client")));

        exchange.Clock.Set(-TimeSpan.FromHours(1));
        exchange.Clock.Advance(TimeSpan.FromSeconds(10));
        exchange.Stub.WireAnswer = exchange.Issue;

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public async Task A_refused_connection_opens_the_breaker_and_recovery_is_seen_after_the_break()
    {
        await using var exchange = new Exchange();
        exchange.Stub.StopListening();
        foreach (var subject in Subjects3)
        {
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(subject));
        }

        exchange.Stub.ListenAgain();
        exchange.Stub.WireAnswer = exchange.Issue;
        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync());
        Assert.Empty(exchange.Stub.Posts);

        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public async Task The_break_lasts_as_long_as_the_server_asked_for()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = _ => StubAnswer.Raw(429, "Retry-After: 20\r\n", "");
        foreach (var subject in Subjects3)
        {
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(subject));
        }

        exchange.Stub.WireAnswer = exchange.Issue;

        exchange.Clock.Advance(TimeSpan.FromSeconds(10));
        var unavailable = Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync());

        Assert.Equal(3, exchange.Stub.Posts.Count);
        Assert.InRange(unavailable.RetryAfter, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(12));
    }

    [Theory]
    [InlineData("invalid_grant")]
    [InlineData("invalid_target")]
    [InlineData("unsupported_grant_type")]
    public async Task Refusals_never_open_the_breaker(string code)
    {
        await using var exchange = new Exchange();
        for (var i = 0; i < 20; i++)
        {
            Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync(StubAnswer.Error(400, code)));
        }

        Assert.Equal(20, exchange.Stub.Posts.Count);
    }

    [Fact]
    public async Task Outages_of_one_server_leave_another_alone()
    {
        await using var broken = new Exchange();
        await using var sound = new Exchange();
        await OpenBreakerAsync(broken);

        Assert.IsType<ExchangeResult.Issued>(await sound.RunAsync());
    }

    [Theory]
    [InlineData("invalid_client")]
    [InlineData("unauthorized_client")]
    public async Task A_refused_client_is_not_tried_again_for_some_seconds_and_is_no_outage(string code)
    {
        await using var exchange = new Exchange();
        for (var i = 0; i < 10; i++)
        {
            var refused = Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync(StubAnswer.Error(401, code)));
            Assert.Equal((ExchangeError.Misconfigured, code), (refused.Error, refused.Diagnostic));
        }

        Assert.Single(exchange.Stub.Posts);
        exchange.Stub.WireAnswer = exchange.Issue;
        exchange.Clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync());
        exchange.Clock.Advance(TimeSpan.FromSeconds(5.1));
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public async Task One_subject_alone_never_opens_the_breaker_however_often_it_fails()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = Failing(exchange, "mallory");
        for (var i = 0; i < 20; i++)
        {
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("mallory"));
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync($"user-{i}"));
        }
    }

    [Fact]
    public async Task Neither_do_two_nor_three_of_whom_somebody_succeeded_in_between()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = Failing(exchange, "mallory", "marvin", "moriarty");
        for (var i = 0; i < 5; i++)
        {
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("mallory"));
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("marvin"));
            Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync("alice"));
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("moriarty"));
            Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync("bob"));
        }
    }

    [Fact]
    public async Task Failures_of_three_subjects_count_together_for_thirty_seconds()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = _ => StubAnswer.Json(429, "{}");
        await exchange.RunAsync("one");
        await exchange.RunAsync("two");
        exchange.Clock.Advance(TimeSpan.FromSeconds(30));
        await exchange.RunAsync("three");
        exchange.Stub.WireAnswer = exchange.Issue;

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync("four"));
    }

    [Fact]
    public async Task Who_failed_the_last_probe_gives_way_to_others_so_that_nobody_holds_the_breaker_open()
    {
        await using var exchange = new Exchange();
        await OpenBreakerAsync(exchange);
        exchange.Stub.WireAnswer = Failing(exchange, "mallory");
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));

        // The probe is mallory's, and fails; others are turned away meanwhile.
        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("mallory"));
        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("alice"));
        var asked = exchange.Stub.Posts.Count;
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("mallory"));
        Assert.Equal(asked, exchange.Stub.Posts.Count);
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync("alice"));
    }

    [Fact]
    public async Task Who_is_alone_may_probe_again()
    {
        await using var exchange = new Exchange();
        await OpenBreakerAsync(exchange);
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync("alice"));
        exchange.Clock.Advance(TimeSpan.FromSeconds(5));
        exchange.Stub.WireAnswer = exchange.Issue;

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync("alice"));
    }

    private static readonly string[] Subjects3 = ["one", "two", "three"];

    private static async Task OpenBreakerAsync(Exchange exchange)
    {
        exchange.Stub.WireAnswer = _ => StubAnswer.Json(500, "{}");
        foreach (var subject in Subjects3)
        {
            Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(subject));
        }
    }

    /// <summary>Fails over the tokens of these subjects, and issues for everybody else.</summary>
    private static Func<RecordedRequest, StubAnswer> Failing(Exchange exchange, params string[] subjects) => request =>
        subjects.Any(subject => request["subject_token"]!.StartsWith($"subject-token.{subject}.", StringComparison.Ordinal)) ? StubAnswer.Json(500, "{}") : exchange.Issue(request);
}
