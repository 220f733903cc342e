using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>Many callers with one token, none of whose exchanges is remembered: the authorization server is asked once.</summary>
public sealed class ColdCallTests
{
    [Fact]
    public async Task A_thousand_cold_calls_of_one_key_make_one_exchange()
    {
        await using var world = await OutageWorld.StartAsync();
        var released = new TaskCompletionSource();
        world.As.WireAnswer = request => StubAnswer.After(released.Task, world.Issue(request));

        var calls = await world.CallAndWaitAsync(Enumerable.Repeat(world.Cold(), 1000));
        released.SetResult();

        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
        Assert.Single(world.As.Posts);
        Assert.Equal((1, 999), (world.Exchanged("issued"), world.Exchanged("joined")));
        Assert.Single(world.Weather.Requests.Select(request => request.Token).Distinct());
    }

    [Fact]
    public async Task A_thousand_cold_calls_of_one_key_share_one_failure_and_the_next_call_does_not()
    {
        await using var world = await OutageWorld.StartAsync();
        var released = new TaskCompletionSource();
        var token = world.Cold();
        world.As.WireAnswer = _ => StubAnswer.After(released.Task, StubAnswer.Raw(429, "Retry-After: 7\r\n", ""));

        var calls = await world.CallAndWaitAsync(Enumerable.Repeat(token, 1000));
        released.SetResult();

        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal((503, "exchange_unavailable", "7"), (answer.Status, answer.Reason, answer.Headers["Retry-After"])));
        Assert.Single(world.As.Posts);
        Assert.Empty(world.Weather.Requests);

        world.As.WireAnswer = world.Issue;
        Assert.Equal(200, (await world.CallAsync(token)).Status);
    }

    [Theory]
    [InlineData(400, "invalid_grant", 401, "exchange_subject_refused")]
    [InlineData(400, "invalid_target", 403, "exchange_target_refused")]
    [InlineData(401, "invalid_client", 502, "exchange_misconfigured")]
    [InlineData(200, "invalid_request", 502, "exchange_result_rejected")]
    [InlineData(302, "invalid_request", 502, "exchange_misconfigured")]
    public async Task A_refusal_is_asked_for_once_by_all_who_wait_and_by_those_who_come_after(int status, string code, int expected, string reason)
    {
        await using var world = await OutageWorld.StartAsync();
        var released = new TaskCompletionSource();
        var token = world.Cold();
        world.As.WireAnswer = _ => StubAnswer.After(released.Task, StubAnswer.Error(status, code));

        var calls = await world.CallAndWaitAsync(Enumerable.Repeat(token, 100));
        released.SetResult();

        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal((expected, reason), (answer.Status, answer.Reason)));
        Assert.Equal((expected, reason), await world.CallAsync(token) is var after ? (after.Status, after.Reason) : default);
        Assert.Single(world.As.Posts);
    }

    [Fact]
    public async Task Callers_of_an_exchange_that_hangs_are_all_let_go_at_its_time_limit()
    {
        await using var world = await OutageWorld.StartAsync();
        world.As.WireAnswer = _ => StubAnswer.Hang;
        var calls = await world.CallAndWaitAsync(Enumerable.Repeat(world.Cold(), 100));
        await world.As.ArrivalAsync();

        world.Clock.Advance(OutageWorld.Timeout - TimeSpan.FromMilliseconds(1));
        Assert.Equal(100, world.Cache.Waiting);
        world.Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal((503, "exchange_unavailable"), (answer.Status, answer.Reason)));
        Assert.Single(world.As.Posts);
    }

    [Fact]
    public async Task A_caller_who_leaves_takes_nobody_along()
    {
        await using var world = await OutageWorld.StartAsync();
        var released = new TaskCompletionSource();
        var token = world.Cold();
        world.As.WireAnswer = request => StubAnswer.After(released.Task, world.Issue(request));
        using var leaves = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather") { Content = new StringContent(Messages.Call("echo"), System.Text.Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        var first = world.Gateway.Client.SendAsync(request, leaves.Token);
        await world.As.ArrivalAsync();
        await Eventually.HoldsAsync(() => world.Cache.Waiting == 1, first);
        var others = await world.CallAndWaitAsync(Enumerable.Repeat(token, 20));

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Eventually.HoldsAsync(() => world.Cache.Waiting == 20);
        released.SetResult();

        Assert.All(await Task.WhenAll(others), answer => Assert.Equal(200, answer.Status));
        Assert.Single(world.As.Posts);
    }
}
