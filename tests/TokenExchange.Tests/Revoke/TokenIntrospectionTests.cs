using System.Text.Json;
using Harness;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using TokenExchange.Outbound;
using TokenExchange.Tests.Request;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>How often the authorization server is asked, by how many at once, and what is remembered of its word.</summary>
public sealed class TokenIntrospectionTests
{
    private const int MostStrangers = 192;
    private static readonly StubAnswer Active = StubAnswer.Json(200, """{"active":true,"sub":"alice"}""");
    private static readonly StubAnswer Inactive = StubAnswer.Json(200, """{"active":false}""");

    [Fact]
    public async Task A_token_is_asked_about_once_however_many_wait()
    {
        await using var asked = new Asked();
        var gate = asked.HoldBack(Active);

        var waiting = Enumerable.Range(0, 100).Select(_ => asked.AskAsync("token")).ToList();
        await asked.Exchange.Stub.ArrivalAsync();
        gate.SetResult();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.IsType<IntrospectionAnswer.Active>(answer));
        Assert.Single(asked.Exchange.Stub.Posts);
    }

    [Fact]
    public async Task Who_leaves_leaves_the_others_waiting()
    {
        await using var asked = new Asked();
        var gate = asked.HoldBack(Active);
        using var leaving = new CancellationTokenSource();

        var first = asked.AskAsync("token", leaving.Token);
        var second = asked.AskAsync("token");
        await asked.Exchange.Stub.ArrivalAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();

        Assert.IsType<IntrospectionAnswer.Active>(await second);
        Assert.Single(asked.Exchange.Stub.Posts);
    }

    [Fact]
    public async Task A_failure_is_shared_by_those_who_waited_and_asked_about_again_afterwards()
    {
        await using var asked = new Asked();
        var gate = asked.HoldBack(StubAnswer.Json(200, "{}"));

        var waiting = Enumerable.Range(0, 10).Select(_ => asked.AskAsync("token")).ToList();
        await asked.Exchange.Stub.ArrivalAsync();
        gate.SetResult();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.IsType<IntrospectionAnswer.Unavailable>(answer));
        asked.Exchange.Stub.WireAnswer = _ => Active;
        Assert.IsType<IntrospectionAnswer.Active>(await asked.AskAsync("token"));
        Assert.Equal(2, asked.Exchange.Stub.Posts.Count);
    }

    [Fact]
    public async Task A_flood_of_made_up_tokens_takes_three_quarters_of_the_places_and_gives_them_back()
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = _ => Active;
        Assert.IsType<IntrospectionAnswer.Active>(await asked.AskAsync("known"));
        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(30));
        var gate = asked.HoldBack(Active);

        // From many threads at once, so that counting and taking a place had better be one step.
        var flood = new Task<IntrospectionAnswer>[1000];
        Parallel.For(0, flood.Length, i => flood[i] = asked.AskAsync($"token-{i}"));
        var turnedAway = flood.Where(task => task.IsCompleted).ToList();
        var joined = asked.AskAsync($"token-{Array.FindIndex(flood, task => !task.IsCompleted)}");

        Assert.Equal(flood.Length - MostStrangers, turnedAway.Count);
        Assert.All(turnedAway, task => Assert.Equal(TimeSpan.FromSeconds(1), Assert.IsType<IntrospectionAnswer.Unavailable>(task.Result).RetryAfter));
        Assert.False(joined.IsCompleted);

        // One that was active before has a place, and a connection, of its own.
        var known = asked.AskAsync("known");
        while (!asked.Exchange.Stub.Posts.Skip(1).Any(post => post["token"] == "known"))
        {
            Assert.False(known.IsCompleted);
            await asked.Exchange.Stub.ArrivalAsync();
        }

        gate.SetResult();
        Assert.IsType<IntrospectionAnswer.Active>(await known);
        Assert.Equal(MostStrangers, (await Task.WhenAll(flood)).Count(answer => answer is IntrospectionAnswer.Active));
        Assert.IsType<IntrospectionAnswer.Active>(await joined);
        Assert.Equal(MostStrangers + 2, asked.Exchange.Stub.Posts.Count);
        Assert.IsType<IntrospectionAnswer.Active>(await asked.AskAsync("one-more"));
    }

    [Theory]
    [InlineData(-3600, 30)]
    [InlineData(30, 0)]
    public async Task A_clock_that_is_set_and_a_machine_that_was_suspended_make_no_answer_younger(int set, int passed)
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = _ => Active;
        await asked.AskAsync("token");

        asked.Exchange.Clock.Set(TimeSpan.FromSeconds(set));
        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(passed));
        asked.Exchange.Stub.WireAnswer = _ => Inactive;

        Assert.IsType<IntrospectionAnswer.Inactive>(await asked.AskAsync("token"));
    }

    [Fact]
    public void Made_up_tokens_push_no_answer_out_that_says_active()
    {
        var clock = new ManualClock();
        var answers = new IntrospectionAnswers(TimeSpan.FromSeconds(30), clock, capacity: 100);
        answers.Put(TokenDigest.Of("known"), new IntrospectionAnswer.Active(JsonDocument.Parse("""{"active":true,"sub":"alice"}""").RootElement), Moment.Now(clock));
        for (var i = 0; i < 1000; i++)
        {
            answers.Put(TokenDigest.Of($"token-{i}"), IntrospectionAnswer.Inactive.Value, Moment.Now(clock));
        }

        Assert.IsType<IntrospectionAnswer.Active>(answers.Find(TokenDigest.Of("known")));
        Assert.InRange(answers.Count, 2, 101);
    }

    [Fact]
    public void Answers_that_nobody_asks_for_any_more_are_dropped_in_time_although_there_is_room_and_the_others_stay()
    {
        var clock = new ManualClock();
        var answers = new IntrospectionAnswers(TimeSpan.FromHours(1), clock, capacity: 100);
        for (var i = 0; i < 40; i++)
        {
            answers.Put(TokenDigest.Of($"token-{i}"), IntrospectionAnswer.Inactive.Value, Moment.Now(clock));
        }

        for (var i = 0; i < 4; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(5));
            Assert.IsType<IntrospectionAnswer.Inactive>(answers.Find(TokenDigest.Of("token-0")));
            answers.Put(TokenDigest.Of($"later-{i}"), IntrospectionAnswer.Inactive.Value, Moment.Now(clock));
        }

        Assert.Null(answers.Find(TokenDigest.Of("token-1")));
        Assert.InRange(answers.Count, 2, 5);
    }

    [Fact]
    public void An_answer_that_turns_is_the_only_one()
    {
        var clock = new ManualClock();
        var answers = new IntrospectionAnswers(TimeSpan.FromSeconds(30), clock, capacity: 100);
        var active = new IntrospectionAnswer.Active(JsonDocument.Parse("""{"active":true,"sub":"alice"}""").RootElement);
        answers.Put(TokenDigest.Of("token"), active, Moment.Now(clock));
        answers.Put(TokenDigest.Of("token"), IntrospectionAnswer.Inactive.Value, Moment.Now(clock));
        Assert.IsType<IntrospectionAnswer.Inactive>(answers.Find(TokenDigest.Of("token")));
        Assert.Null(answers.LastSubject(TokenDigest.Of("token")));

        answers.Put(TokenDigest.Of("token"), active, Moment.Now(clock));
        Assert.IsType<IntrospectionAnswer.Active>(answers.Find(TokenDigest.Of("token")));
        Assert.Equal(1, answers.Count);
    }

    [Fact]
    public async Task Made_up_tokens_that_the_server_fails_over_open_no_breaker_for_those_known()
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = _ => Active;
        await asked.AskAsync("known");
        asked.Exchange.Stub.WireAnswer = request => request["token"] == "known" ? Active : StubAnswer.Json(500, "{}");
        for (var i = 0; i < 20; i++)
        {
            Assert.IsType<IntrospectionAnswer.Unavailable>(await asked.AskAsync($"made-up-{i}"));
        }

        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.IsType<IntrospectionAnswer.Active>(await asked.AskAsync("known"));
    }

    [Fact]
    public async Task A_client_that_is_refused_at_introspection_may_exchange_and_the_other_way_round()
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = request => request.Target == "/introspect" ? StubAnswer.Error(401, "invalid_client") : asked.Exchange.Issue(request);
        Assert.IsType<IntrospectionAnswer.Unavailable>(await asked.AskAsync("one"));
        Assert.IsType<ExchangeResult.Issued>(await asked.Exchange.RunAsync());

        await using var other = new Asked();
        other.Exchange.Stub.WireAnswer = request => request.Target == "/introspect" ? Active : StubAnswer.Error(400, "unauthorized_client");
        Assert.IsType<ExchangeResult.Refused>(await other.Exchange.RunAsync());
        Assert.IsType<IntrospectionAnswer.Active>(await other.AskAsync("one"));
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_at_the_time_limit_and_nothing_is_remembered()
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = _ => StubAnswer.Hang;
        var waiting = asked.AskAsync("token");
        await asked.Exchange.Stub.ArrivalAsync();

        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        asked.Exchange.Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.IsType<IntrospectionAnswer.Unavailable>(await waiting);
        asked.Exchange.Stub.WireAnswer = _ => Active;
        Assert.IsType<IntrospectionAnswer.Active>(await asked.AskAsync("token"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_counts_for_its_age_from_when_it_was_asked_for(bool active)
    {
        await using var asked = new Asked();
        var gate = asked.HoldBack(active ? Active : Inactive);
        var waiting = asked.AskAsync("token");
        await asked.Exchange.Stub.ArrivalAsync();
        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(4));
        gate.SetResult();
        await waiting;

        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(26) - TimeSpan.FromMilliseconds(1));
        await asked.AskAsync("token");
        Assert.Single(asked.Exchange.Stub.Posts);

        asked.Exchange.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await asked.AskAsync("token");
        Assert.Equal(2, asked.Exchange.Stub.Posts.Count);
    }

    [Fact]
    public async Task Who_turns_inactive_is_told_with_the_subject_that_was_named_before()
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = _ => Active;
        await asked.AskAsync("token");
        asked.Exchange.Clock.Advance(TimeSpan.FromSeconds(30));
        asked.Exchange.Stub.WireAnswer = _ => Inactive;

        Assert.IsType<IntrospectionAnswer.Inactive>(await asked.AskAsync("token"));
        Assert.IsType<IntrospectionAnswer.Inactive>(await asked.AskAsync("token"));

        Assert.Equal(new InactiveToken(asked.Exchange.Stub.Issuer, "alice", TokenDigest.Of("token")), Assert.Single(asked.Told));
    }

    [Fact]
    public async Task A_server_that_refuses_the_gateway_itself_is_not_asked_for_every_token()
    {
        await using var asked = new Asked();
        asked.Exchange.Stub.WireAnswer = _ => StubAnswer.Error(401, "invalid_client");

        Assert.IsType<IntrospectionAnswer.Unavailable>(await asked.AskAsync("one"));
        Assert.IsType<IntrospectionAnswer.Unavailable>(await asked.AskAsync("two"));

        Assert.Single(asked.Exchange.Stub.Posts);
    }

    private sealed class Asked : IAsyncDisposable
    {
        private readonly Lazy<TokenIntrospection> introspection;

        public Asked() => introspection = new(() => new TokenIntrospection(Exchange.Server, Exchange.Client, null, always: true, TimeSpan.FromSeconds(30), Told.Add));

        public Exchange Exchange { get; } = new();

        public List<InactiveToken> Told { get; } = [];

        /// <summary>Lets every answer wait for the gate.</summary>
        public TaskCompletionSource HoldBack(StubAnswer then)
        {
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Exchange.Stub.WireAnswer = _ => StubAnswer.After(gate.Task, then);
            return gate;
        }

        public Task<IntrospectionAnswer> AskAsync(string token, CancellationToken? cancellation = null) =>
            introspection.Value.AskAsync(token.AsMemory(), TokenDigest.Of(token), null, cancellation ?? TestContext.Current.CancellationToken).AsTask();

        public ValueTask DisposeAsync() => Exchange.DisposeAsync();
    }
}
