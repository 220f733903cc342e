using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>A route in constant use, with hop tokens that live a minute: they are renewed before they end, and nobody waits.</summary>
public sealed class BusyRouteTests
{
    private const int Life = 60;
    private const int Lives = 10;

    [Fact]
    public async Task Over_ten_lives_of_its_hop_token_only_the_first_call_of_a_busy_route_waits_for_an_exchange()
    {
        await using var world = await OutageWorld.StartAsync();
        var token = world.Cold();
        world.As.WireAnswer = request => world.Issue(request, Life);
        Assert.Equal(200, (await world.CallAsync(token)).Status);
        for (var second = 1; second <= Lives * Life; second++)
        {
            // No exchange that begins now ends before the call has: a call that waits for one waits for ever.
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            var released = new TaskCompletionSource();
            world.As.WireAnswer = request => StubAnswer.After(released.Task, world.Issue(request, Life));
            var call = world.CallAsync(token);
            await Eventually.HoldsAsync(() => call.IsCompleted || world.Cache.Waiting > 0);
            Assert.True(call.IsCompleted, $"The call after {second} s waits for an exchange.");
            Assert.Equal(200, (await call).Status);
            Assert.True(Expiry(world.Weather.Requests[^1].Token!) > world.Clock.GetUtcNow(), $"The hop token after {second} s has expired.");

            released.SetResult();
            await (world.Cache.Settled() ?? Task.CompletedTask);
        }

        Assert.Equal((1, 0, Lives * Life), (world.Exchanged("issued"), world.Exchanged("joined"), world.Exchanged("hit")));

        // A token lives for at least 63 % of its time before it is renewed, and for 75 % at most.
        Assert.InRange(world.As.Posts.Count, Lives, 1 + (Lives * 100 / 60));

        // And each is sent, but for one that only the last call of all may have asked for.
        Assert.InRange(world.Weather.Requests.Select(request => request.Token).Distinct().Count(), world.As.Posts.Count - 1, world.As.Posts.Count);
    }

    [Fact]
    public async Task A_renewal_that_fails_is_tried_again_in_time_and_a_busy_route_does_not_notice()
    {
        await using var world = await OutageWorld.StartAsync();
        var token = world.Cold();
        world.As.WireAnswer = request => world.Issue(request, Life);
        Assert.Equal(200, (await world.CallAsync(token)).Status);
        world.As.WireAnswer = _ => StubAnswer.Json(500, "{}");

        // Served for 54 s: the renewal begins after 38 to 43 s, fails, and begins again after 46 to 49 s.
        for (var second = 1; second <= 45; second++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(200, (await world.CallAsync(token)).Status);
            await (world.Cache.Settled() ?? Task.CompletedTask);
        }

        Assert.Equal(3, world.As.Posts.Count);
        world.As.WireAnswer = request => world.Issue(request, Life);
        for (var second = 46; second <= 2 * Life; second++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(200, (await world.CallAsync(token)).Status);
            await (world.Cache.Settled() ?? Task.CompletedTask);
        }

        Assert.Equal((1, 0), (world.Exchanged("issued"), world.Exchanged("joined")));
    }

    private static DateTimeOffset Expiry(string token) =>
        DateTimeOffset.FromUnixTimeSeconds(TokenReader.PayloadOf(token)["exp"]!.GetValue<long>());
}
