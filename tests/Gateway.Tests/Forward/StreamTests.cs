using System.Text;
using Gateway.Revoke;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>Event streams: at once, whole, in order, and no longer than they may be.</summary>
public sealed class StreamTests
{
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private static async Task SayAsync(HttpContext context, string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>Opens an event stream and leaves it open until the gateway closes it; <paramref name="closed"/> tells.</summary>
    private static RequestDelegate Endless(TaskCompletionSource closed) => async context =>
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        context.RequestAborted.Register(closed.SetResult);
        await closed.Task;
    };

    [Fact]
    public async Task The_first_event_arrives_before_the_server_has_sent_the_second()
    {
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await SayAsync(context, "data: one\n\n");
            await second.Task.WaitAsync(context.RequestAborted);
            await SayAsync(context, "data: two\n\n");
        };

        using var listener = await Listener.OpenAsync(world, HttpMethod.Post, "/weather", world.WeatherToken(), Messages.Call("echo"));
        Assert.Equal("data: one", await listener.LineAsync());
        second.SetResult();

        Assert.Equal("", await listener.LineAsync());
        Assert.Equal("data: two", await listener.LineAsync());
    }

    [Theory]
    [InlineData("GET", false)]
    [InlineData("POST", false)]
    [InlineData("GET", true)]
    public async Task Ten_thousand_events_arrive_complete_and_in_order(string method, bool filtered)
    {
        const int Events = 10_000;
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["FilterLists"] = filtered;
            options["Servers"]!["weather"]!["OtherOperations"] = "deny";
            options["Servers"]!["weather"]!["Operations"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["Method"] = "tools/*" });
        });
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < Events; i++)
            {
                await context.Response.WriteAsync($"id: {i}\ndata: {{\"n\":{i},\"pad\":\"{new string('x', i % 97)}\"}}\n\n");
            }
        };

        using var listener = await Listener.OpenAsync(world, new HttpMethod(method), "/weather", world.WeatherToken(), method == "POST" ? Messages.Call("echo") : null);

        for (var i = 0; i < Events; i++)
        {
            Assert.Equal(($"id: {i}", $"data: {{\"n\":{i},\"pad\":\"{new string('x', i % 97)}\"}}", ""), (await listener.LineAsync(), await listener.LineAsync(), await listener.LineAsync()));
        }

        Assert.Null(await listener.LineAsync());
    }

    [Theory]
    [InlineData("GET", null)]
    [InlineData("POST", "subscriptions/listen")]
    public async Task A_listening_stream_ends_when_its_token_is_accepted_no_more(string method, string? operation)
    {
        var clock = new ManualClock();
        var closed = new TaskCompletionSource();
        await using var world = await World.StartAsync(clock: clock);
        world.Weather.Answer = Endless(closed);
        var token = world.WeatherToken((_, payload) => payload["exp"] = (clock.GetUtcNow() + TokenLife).ToUnixTimeSeconds());
        using var listener = await Listener.OpenAsync(world, new HttpMethod(method), "/weather", token, operation is null ? null : Messages.Of(operation));

        clock.Advance(TokenLife + Skew - TimeSpan.FromSeconds(1));
        Assert.False(closed.Task.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await listener.LineAsync());
        await closed.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task The_answer_to_a_request_outlives_the_token_and_ends_at_the_servers_limit_whatever_the_time_of_day(int jump)
    {
        var clock = new ManualClock();
        var closed = new TaskCompletionSource();
        await using var world = await World.StartAsync(options => (options["Servers"]!["weather"]!["MaxResponseDuration"], options["Servers"]!["weather"]!["StreamIdleTimeout"]) = ("00:20:00", "01:00:00"), clock);
        world.Weather.Answer = Endless(closed);
        var token = world.WeatherToken((_, payload) => payload["exp"] = (clock.GetUtcNow() + TokenLife).ToUnixTimeSeconds());
        using var listener = await Listener.OpenAsync(world, HttpMethod.Post, "/weather", token, Messages.Call("echo"));

        clock.Set(TimeSpan.FromSeconds(jump));
        clock.Advance(TimeSpan.FromMinutes(19));
        Assert.False(closed.Task.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(await listener.LineAsync());
        await closed.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_drain_ends_listening_streams_and_lets_answers_run_on()
    {
        var listening = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        await using var world = await World.StartAsync();
        var endless = Endless(listening);
        world.Weather.Answer = async context =>
        {
            if (context.Request.Method == "GET")
            {
                await endless(context);
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            await finish.Task;
            await SayAsync(context, "data: done\n\n");
        };
        using var listener = await Listener.OpenAsync(world, HttpMethod.Get, "/weather", world.WeatherToken());
        using var answer = await Listener.OpenAsync(world, HttpMethod.Post, "/weather", world.WeatherToken(), Messages.Call("echo"));

        world.Gateway.Services.GetRequiredService<OpenStreams>().EndListening();

        Assert.Null(await listener.LineAsync());
        await listening.Task.WaitAsync(TestContext.Current.CancellationToken);
        finish.SetResult();
        Assert.Equal("data: done", await answer.LineAsync());
    }

    [Fact]
    public async Task A_listening_stream_that_opens_during_a_drain_is_ended_too()
    {
        var asked = new TaskCompletionSource();
        var drained = new TaskCompletionSource();
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            asked.SetResult();
            await drained.Task;
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };

        var answer = SocketClient.ExchangeAsync(world, SocketClient.Get("/weather", world.WeatherToken()));
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        world.Gateway.Services.GetRequiredService<OpenStreams>().EndListening();
        drained.SetResult();

        Assert.True((await answer.WaitAsync(TestContext.Current.CancellationToken)).Complete);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_cancels_the_outbound_request_and_is_no_failure(bool answered)
    {
        var arrived = new TaskCompletionSource();
        var closed = new TaskCompletionSource();
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            if (answered)
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.Body.FlushAsync();
            }

            context.RequestAborted.Register(closed.SetResult);
            arrived.SetResult();
            await closed.Task;
        };
        using var client = new System.Net.Sockets.TcpClient();
        var url = new Uri(world.Gateway.Url);
        await client.ConnectAsync(url.Host, url.Port, TestContext.Current.CancellationToken);
        var body = Messages.Call("echo");
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"POST /weather HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {world.WeatherToken()}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"),
            TestContext.Current.CancellationToken);
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);

        client.Close();

        await closed.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("HttpForwarder", world.Gateway.Log, StringComparison.Ordinal);
        Assert.Equal("", string.Join('\n', world.Gateway.Log.Split('\n').Where(line => line.Contains("could not be carried", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Last_event_id_reaches_the_server()
    {
        await using var world = await World.StartAsync();

        await world.Gateway.SendAsync(HttpMethod.Get, "/weather", world.WeatherToken(), change: request => request.Headers.Add("Last-Event-ID", "a=1/2"));

        Assert.Equal("a=1/2", Assert.Single(world.Weather.Requests).Headers["Last-Event-ID"]);
    }
}
