using System.Text.Json.Nodes;
using Gateway.Revoke;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>A stream that the gateway reads and rewrites ends when any other would: with its token, at the server's limit, by revocation and drain.</summary>
public sealed class RewrittenStreamTests
{
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(5);

    private static Task<World> StartAsync(string kind, TaskCompletionSource closed, ManualClock clock) => StartedAsync(World.StartAsync(options =>
    {
        var server = options["Servers"]!["weather"]!;
        server["MaxResponseDuration"] = "00:20:00";
        server["StreamIdleTimeout"] = "01:00:00";
        if (kind == "http+sse")
        {
            server["Transport"] = kind;
            return;
        }

        server["FilterLists"] = true;
        server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
    }, clock), closed);

    private static async Task<World> StartedAsync(Task<World> starting, TaskCompletionSource closed)
    {
        var world = await starting;
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            await context.Response.Body.FlushAsync();
            context.RequestAborted.Register(closed.SetResult);
            await closed.Task;
        };
        return world;
    }

    private static Task<Listener> OpenAsync(World world, string kind, ManualClock clock)
    {
        var token = world.WeatherToken((_, payload) => payload["exp"] = (clock.GetUtcNow() + TokenLife).ToUnixTimeSeconds());
        return kind == "answer"
            ? Listener.OpenAsync(world, HttpMethod.Post, "/weather", token, Messages.Of("tools/list"))
            : Listener.OpenAsync(world, HttpMethod.Get, kind == "http+sse" ? "/weather/sse" : "/weather", token);
    }

    [Theory]
    [InlineData("filtered", 330)]
    [InlineData("http+sse", 330)]
    [InlineData("answer", 1200)]
    public async Task It_ends_in_order_when_its_time_is_over(string kind, int seconds)
    {
        var clock = new ManualClock();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var world = await StartAsync(kind, closed, clock);
        using var listener = await OpenAsync(world, kind, clock);

        clock.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.False(closed.Task.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await listener.LineAsync());
        await closed.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("filtered")]
    [InlineData("http+sse")]
    [InlineData("answer")]
    public async Task A_revocation_ends_it(string kind)
    {
        var clock = new ManualClock();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var world = await StartAsync(kind, closed, clock);
        using var listener = await OpenAsync(world, kind, clock);

        world.Gateway.Services.GetRequiredService<OpenStreams>().End(token => token.Subject == "nobody");
        Assert.False(closed.Task.IsCompleted);
        world.Gateway.Services.GetRequiredService<OpenStreams>().End(token => token.Issuer == world.As.Issuer);

        await closed.Task.WaitAsync(TestContext.Current.CancellationToken);
        await listener.EndAsync();
    }

    [Theory]
    [InlineData("filtered")]
    [InlineData("http+sse")]
    public async Task A_drain_ends_it(string kind)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = new ManualClock();
        await using var world = await StartAsync(kind, closed, clock);
        using var listener = await OpenAsync(world, kind, clock);

        world.Gateway.Services.GetRequiredService<OpenStreams>().EndListening();

        Assert.Null(await listener.LineAsync());
        await closed.Task.WaitAsync(TestContext.Current.CancellationToken);
    }
}
