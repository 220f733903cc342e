using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>A flood of new keys at an authorization server that is slow: it gets a bounded number of connections, and nobody else waits.</summary>
public sealed class SlowServerTests
{
    private const int MostConnections = 32;

    [Fact]
    public async Task Two_hundred_keys_share_a_bounded_number_of_connections_and_warm_calls_do_not_wait_for_them()
    {
        await using var world = await World.StartAsync(clock: new ManualClock());
        var cache = world.Gateway.Services.GetRequiredService<ExchangeCache>();
        var (weather, notes) = (world.WeatherToken(), world.As.Token(World.NotesResource));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", weather)).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/notes", notes)).Status);

        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var connections = new ConcurrentDictionary<string, bool>();
        world.As.BeforeAnswer = context =>
        {
            connections.TryAdd(context.Connection.Id, true);
            return released.Task.WaitAsync(context.RequestAborted);
        };
        var cold = Cold(world, 200).Select(token => Task.Run(() => world.Gateway.CallAsync("/weather", token))).ToArray();
        await Eventually.HoldsAsync(() => cache.Waiting == 200 && world.As.Exchanges.Count >= 2 + MostConnections, cold);

        // While they all wait, and through more threads than there are.
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(200, (await world.Gateway.CallAsync("/weather", weather)).Status);
                Assert.Equal(200, (await world.Gateway.CallAsync("/notes", notes)).Status);
            }
        })));
        Assert.Equal(200, cache.Waiting);
        Assert.Equal(2 + MostConnections, world.As.Exchanges.Count);
        released.SetResult();

        Assert.All(await Task.WhenAll(cold), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(202, world.As.Exchanges.Count);
        Assert.InRange(connections.Count, 1, MostConnections);
    }

    [Fact]
    public async Task Exchanges_of_another_authorization_server_do_not_wait_for_a_slow_one()
    {
        await using var other = new TestAuthorizationServer();
        var clock = new ManualClock();
        other.Clock = clock;
        await using var world = await World.StartAsync(
            options =>
            {
                options["AuthorizationServers"]!["partner"] = options["AuthorizationServers"]!["corp"]!.DeepClone();
                options["AuthorizationServers"]!["partner"]!["Issuer"] = other.Issuer;
                options["Servers"]!["weather"]!["AuthorizationServers"] = new JsonArray("corp");
                options["Servers"]!["notes"]!["AuthorizationServers"] = new JsonArray("partner");
                options["Servers"]!["notes"]!["Outbound"]!["AuthorizationServer"] = "partner";
            },
            clock);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.As.BeforeAnswer = context => released.Task.WaitAsync(context.RequestAborted);
        var slow = Cold(world, 100).Select(token => Task.Run(() => world.Gateway.CallAsync("/weather", token))).ToArray();
        await Eventually.HoldsAsync(() => world.As.Exchanges.Count >= MostConnections, slow);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await world.Gateway.CallAsync("/notes", other.Token(World.NotesResource, (_, payload) => payload["jti"] = $"partner-{i}"))).Status);
        }

        Assert.Equal(20, other.Exchanges.Count);
        Assert.DoesNotContain(slow, call => call.IsCompleted);
        released.SetResult();
        Assert.All(await Task.WhenAll(slow), answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task Whether_a_token_is_still_active_is_found_out_while_exchanges_at_the_same_server_hang()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(
            options =>
            {
                options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject { ["Mode"] = "always", ["MaxAge"] = "00:00:20" };
                options["AuthorizationServers"]!["corp"]!["Timeout"] = "00:01:00";
            },
            clock);
        var introspections = 0;
        world.As.Handle("/introspect", context =>
        {
            Interlocked.Increment(ref introspections);
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"active":true}""");
        });
        var notes = world.As.Token(World.NotesResource);
        Assert.Equal(200, (await world.Gateway.CallAsync("/notes", notes)).Status);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.As.BeforeAnswer = context => released.Task.WaitAsync(context.RequestAborted);
        var cache = world.Gateway.Services.GetRequiredService<ExchangeCache>();
        var cold = Cold(world, 2 * MostConnections).Select(token => Task.Run(() => world.Gateway.CallAsync("/weather", token))).ToArray();
        await Eventually.HoldsAsync(() => cache.Waiting == cold.Length && world.As.Exchanges.Count >= 1 + MostConnections, cold);
        var asked = introspections;

        // What was said of the token is too old now, and exchanges have time to wait; whoever waited behind the exchanges would wait for ever.
        clock.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(200, (await world.Gateway.CallAsync("/notes", notes).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).Status);
        Assert.Equal(asked + 1, introspections);
        Assert.Equal(cold.Length, cache.Waiting);
        released.SetResult();

        Assert.All(await Task.WhenAll(cold), answer => Assert.Equal(200, answer.Status));
    }

    private static IEnumerable<string> Cold(World world, int count) =>
        Enumerable.Range(0, count).Select(number => world.WeatherToken((_, payload) => payload["sub"] = $"user-{number}"));
}
