using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Issuers;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>Who may ask how much of one endpoint at a time: no subject takes it from others, and none that waits is forgotten.</summary>
public sealed class FairConnectionsTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    private readonly ManualClock clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_subject_leaves_as_many_places_as_it_holds()
    {
        using var connections = new FairConnections(8);

        // 4 of 8, 2 of the 4 that are left, 1 of 2, 1 of 1.
        foreach (var (subject, most) in new[] { ("first", 4), ("second", 2), ("third", 1), ("fourth", 1), ("fifth", 0) })
        {
            for (var i = 0; i < most; i++)
            {
                Assert.NotNull(await Enter(connections, subject));
            }

            Assert.False(Enter(connections, subject).IsCompleted);
        }
    }

    [Fact]
    public async Task Where_all_are_one_subject_it_gets_every_place()
    {
        using var connections = new FairConnections(8, oneSubject: true);
        for (var i = 0; i < 8; i++)
        {
            Assert.NotNull(await Enter(connections, "nobody"));
        }

        Assert.False(Enter(connections, "nobody").IsCompleted);
    }

    [Fact]
    public async Task Places_that_come_free_go_to_subjects_in_turn_and_not_to_who_asked_most()
    {
        using var connections = new FairConnections(2);
        var held = await Enter(connections, "greedy");
        var last = await Enter(connections, "other");
        var greedy = Enumerable.Range(0, 50).Select(_ => Enter(connections, "greedy")).ToArray();
        var modest = Enter(connections, "modest");
        var late = Enter(connections, "late");

        held!.Dispose();
        held = await greedy[0];
        Assert.False(modest.IsCompleted);
        held!.Dispose();
        held = await modest;
        held!.Dispose();
        held = await late;
        held!.Dispose();
        last!.Dispose();
        await greedy[1];
        Assert.False(greedy[2].IsCompleted);
    }

    [Fact]
    public async Task Who_has_waited_long_enough_is_told_and_leaves_no_trace()
    {
        using var connections = new FairConnections(2);
        var held = await Enter(connections, "greedy");
        var waiting = Enter(connections, "greedy");
        var next = Enter(connections, "greedy");

        clock.Advance(Timeout / 2);
        Assert.Null(await waiting);
        Assert.Null(await next);
        held!.Dispose();
        held!.Dispose();

        using var first = await Enter(connections, "one");
        using var second = await Enter(connections, "another");
        Assert.NotNull(second);
    }

    [Fact]
    public async Task Who_is_given_up_leaves_no_trace()
    {
        using var connections = new FairConnections(2);
        using var held = await Enter(connections, "greedy");
        using var given = new CancellationTokenSource();
        var waiting = connections.EnterAsync(new AskedAbout("issuer", "greedy"), Timeout, clock, given.Token).AsTask();
        var behind = Enter(connections, "greedy");

        await given.CancelAsync();
        Assert.Null(await waiting);
        held!.Dispose();

        Assert.NotNull(await behind);
    }

    [Fact]
    public async Task Of_one_subject_no_more_than_a_bounded_number_waits()
    {
        using var connections = new FairConnections(2);
        using var held = await Enter(connections, "greedy");
        for (var i = 0; i < FairConnections.MostWaiting; i++)
        {
            Assert.False(Enter(connections, "greedy").IsCompleted);
        }

        Assert.Null(await Enter(connections, "greedy"));
        Assert.NotNull(await Enter(connections, "modest"));
    }

    [Fact]
    public async Task A_subject_whose_questions_hang_keeps_nobody_waiting_and_opens_no_breaker()
    {
        await using var peer = new TestPeer
        {
            WireAnswer = request => JsonNode.Parse(request.Body)!["about"]!.GetValue<string>() == "mallory" ? StubAnswer.Hang : StubAnswer.Json(200, "{}"),
        };
        using var endpoint = new JsonEndpoint(new JsonEndpointSettings("policy", TimeSpan.FromSeconds(4), TokenFile: null), clock);
        var hanging = Enumerable.Range(0, 200).Select(_ => Ask("mallory")).ToArray();
        for (var i = 0; i < 32; i++)
        {
            await peer.ArrivalAsync();
        }

        await OthersAreAnswered();

        // Those that never had a connection are told so; that is no failure of the endpoint's, and of nobody else.
        clock.Advance(TimeSpan.FromSeconds(2));
        var told = await Task.WhenAll(hanging[32..]);
        Assert.All(told, answer => Assert.Equal(OutageCause.Busy, Assert.IsType<JsonAnswer.Unavailable>(answer).Cause));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.All(await Task.WhenAll(hanging[..32]), answer => Assert.Equal(OutageCause.Timeout, Assert.IsType<JsonAnswer.Unavailable>(answer).Cause));
        await OthersAreAnswered();

        Task<JsonAnswer> Ask(string subject) =>
            endpoint.PostAsync(new Uri(peer.Origin), "issuer", subject, System.Text.Encoding.UTF8.GetBytes($$"""{"about":"{{subject}}"}"""), "request");

        async Task OthersAreAnswered() =>
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Ask($"user-{i}"))), answer => Assert.IsType<JsonAnswer.Answered>(answer));
    }

    private Task<FairConnections.Place?> Enter(FairConnections connections, string subject) =>
        connections.EnterAsync(new AskedAbout("issuer", subject), Timeout, clock, Cancellation).AsTask();
}
