using System.Diagnostics;
using System.Text;
using Gateway.Revoke;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>No answer goes on for ever, whatever it calls itself; what time ends, ends in order, and what a logout ends is broken off.</summary>
public sealed class LeaseTests
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private readonly ManualClock clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("text/event-stream", null)]
    [InlineData("text/event-stream", 1_000_000L)]
    [InlineData("application/x-ndjson", null)]
    [InlineData("application/jsonl; charset=utf-8", null)]
    [InlineData("text/plain", null)]
    [InlineData("multipart/mixed; boundary=x", null)]
    public async Task What_listens_ends_in_order_when_its_token_is_accepted_no_more(string type, long? length)
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Endless(type, "data: 1\n\n", length);
        using var client = await OpenAsync(world, Token(world));
        await client.UntilAsync("data: 1");
        await OpenedAsync(world);

        clock.Advance(Life + Skew - TimeSpan.FromSeconds(1));
        Assert.Equal(1, Open(world));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Theory]
    [InlineData("GET", "text/event-stream", null)]
    [InlineData("GET", "application/x-ndjson", null)]
    [InlineData("GET", "application/json", null)]
    [InlineData("GET", null, null)]
    [InlineData("GET", "application/x-ndjson", 1_000_000L)]
    [InlineData("POST", "application/x-ndjson", null)]
    [InlineData("POST", "application/json", null)]
    [InlineData("POST", "application/json", 1_000_000L)]
    [InlineData("GET", "application/x-ndjson", 1_000L)]
    [InlineData("POST", "application/json", 1_000L)]
    public async Task A_logout_breaks_it_off_whatever_its_media_type(string method, string? type, long? length)
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Endless(type, "data: 1\n\n", length);
        using var client = await OpenAsync(world, Token(world), method);
        await client.UntilAsync("data: 1");
        await OpenedAsync(world);

        await LogOut.Async(world);

        Assert.False((await client.AnswerAsync()).Complete);
    }

    [Theory]
    [InlineData("text/event-stream", null, true)]
    [InlineData("application/x-ndjson", null, true)]
    [InlineData("application/json", null, false)]
    [InlineData("application/problem+json", null, false)]
    [InlineData(null, null, false)]
    [InlineData("application/json", 1_000_000L, false)]
    public async Task The_answer_to_a_request_outlives_the_token_and_ends_at_the_servers_limit(string? type, long? length, bool inOrder)
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Endless(type, "data: 1\n\n", length);
        using var client = await OpenAsync(world, Token(world), "POST");
        await client.UntilAsync("data: 1");
        await OpenedAsync(world);

        clock.Advance(TimeSpan.FromMinutes(20) - TimeSpan.FromSeconds(1));
        Assert.Equal(1, Open(world));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(inOrder, (await client.AnswerAsync()).Complete);
    }

    [Fact]
    public async Task A_small_answer_that_is_there_at_once_needs_no_lease()
    {
        await using var world = await StartAsync();
        var open = new List<int>();
        world.Weather.Answer = async context =>
        {
            open.Add(Open(world));
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        };

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Token(world))).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Token(world))).Status);

        Assert.All([.. open, Open(world)], count => Assert.Equal(0, count));
    }

    [Fact]
    public async Task A_stream_that_is_opened_within_the_skew_of_its_token_goes_on_until_it_is_over()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Endless("text/event-stream", "data: 1\n\n");
        var token = Token(world);
        clock.Advance(Life + TimeSpan.FromSeconds(10));
        using var client = await OpenAsync(world, token);
        await client.UntilAsync("data: 1");
        await OpenedAsync(world);

        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(1, Open(world));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Fact]
    public async Task Silence_ends_a_stream_in_order_and_every_event_starts_it_anew()
    {
        var second = new TaskCompletionSource();
        await using var world = await StartAsync("00:15:00");
        world.Weather.Answer = async context =>
        {
            await SayAsync(context, "text/event-stream", "data: 1\n\n");
            await second.Task.WaitAsync(context.RequestAborted);
            await SayAsync(context, null, "data: 2\n\n");
            await UntilGoneAsync(context);
        };
        using var client = await OpenAsync(world, world.WeatherToken((_, payload) => payload["exp"] = (clock.GetUtcNow() + TimeSpan.FromHours(2)).ToUnixTimeSeconds()));
        await client.UntilAsync("data: 1");

        clock.Advance(TimeSpan.FromMinutes(14));
        second.SetResult();
        await client.UntilAsync("data: 2");
        clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(1, Open(world));
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Theory]
    [InlineData("text/event-stream", true)]
    [InlineData("application/json", false)]
    public async Task Silence_by_the_wall_clock_ends_an_answer_in_order_only_where_half_of_it_is_something(string type, bool complete)
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["StreamIdleTimeout"] = "00:00:00.5");
        world.Weather.Answer = Endless(type, "data: 1\n\n");

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal((200, "data: 1\n\n", complete), (answer.Status, answer.Body, answer.Complete));
        Assert.Single(world.Gateway.Audit);
    }

    [Fact]
    public async Task A_stream_ends_at_the_end_of_the_event_that_it_is_in_the_midst_of()
    {
        var rest = new TaskCompletionSource();
        await using var world = await StartAsync();
        world.Weather.Answer = async context =>
        {
            await SayAsync(context, "text/event-stream", "data: 1\n\ndata: ha");
            await rest.Task.WaitAsync(context.RequestAborted);
            await SayAsync(context, null, "lf\r\n\r\n");
            await UntilGoneAsync(context);
        };
        using var client = await OpenAsync(world, Token(world));
        await client.UntilAsync("data: ha");

        clock.Advance(Life + Skew);
        rest.SetResult();

        var answer = await client.AnswerAsync();
        Assert.Equal(("data: 1\n\ndata: half\r\n\r\n", true), (answer.Body, answer.Complete));
    }

    [Fact]
    public async Task An_event_that_does_not_end_does_not_keep_its_stream_open()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Endless("text/event-stream", "data: ha");
        using var client = await OpenAsync(world, Token(world));
        await client.UntilAsync("data: ha");

        clock.Advance(Life + Skew);
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Fact]
    public async Task The_end_of_the_process_ends_in_order_what_still_runs()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Endless("text/event-stream", "data: 1\n\n");
        using var client = await OpenAsync(world, Token(world), "POST");
        await client.UntilAsync("data: 1");
        var streams = world.Gateway.Services.GetRequiredService<OpenStreams>();

        streams.EndListening();
        Assert.Equal(1, Open(world));
        streams.EndAll();

        Assert.True((await client.AnswerAsync()).Complete);
    }

    private Task<World> StartAsync(string silence = "1.00:00:00") => World.StartAsync(
        options =>
        {
            options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
            options["Servers"]!["weather"]!["MaxResponseDuration"] = "00:20:00";
            options["Servers"]!["weather"]!["StreamIdleTimeout"] = silence;
        },
        clock);

    private string Token(World world) => world.WeatherToken((_, payload) => payload["exp"] = (clock.GetUtcNow() + Life).ToUnixTimeSeconds());

    private static async Task<SocketClient> OpenAsync(World world, string token, string method = "GET")
    {
        var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync(method == "GET" ? SocketClient.Get("/weather", token) : SocketClient.Post("/weather", token, Messages.Call("echo")));
        return client;
    }

    private static int Open(World world) => world.Gateway.Services.GetRequiredService<OpenStreams>().Count;

    /// <summary>A lease is opened when the answer is waited for, a moment after what is there was passed on.</summary>
    private static async Task OpenedAsync(World world)
    {
        var waiting = Stopwatch.StartNew();
        while (Open(world) == 0)
        {
            await Task.Yield();
            Cancellation.ThrowIfCancellationRequested();
            Assert.True(waiting.Elapsed < SocketClient.Patience, "No lease was opened.");
        }
    }

    private static RequestDelegate Endless(string? type, string first, long? length = null) => async context =>
    {
        context.Response.ContentLength = length;
        await SayAsync(context, type, first);
        await UntilGoneAsync(context);
    };

    private static async Task SayAsync(HttpContext context, string? type, string text)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = type;
        }

        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static Task UntilGoneAsync(HttpContext context) =>
        Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
