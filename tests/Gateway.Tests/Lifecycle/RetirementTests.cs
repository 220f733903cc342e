using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>What a reload replaces lives on for the requests that began with it, and not a moment longer than needed.</summary>
public sealed class RetirementTests
{
    private readonly ManualClock clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_that_no_generation_uses_are_closed_after_the_grace()
    {
        await using var world = await World.StartAsync(clock: clock);
        for (var i = 1; i <= 20; i++)
        {
            Apply(world, connections: i);
            Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        }

        Assert.Equal(20, world.Weather.Connections);
        clock.Advance(RuntimePool.Grace - TimeSpan.FromTicks(1));
        Assert.Equal(20, world.Weather.Connections);

        clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(2, Clients(world).Count);
        await Eventually.HoldsAsync(() => world.Weather.Connections == 1);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task Settings_that_come_back_within_the_grace_find_their_connection()
    {
        await using var world = await World.StartAsync(clock: clock);
        for (var i = 0; i < 6; i++)
        {
            Apply(world, connections: 1 + (i % 2));
            Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
            clock.Advance(RuntimePool.Grace / 2);
        }

        Assert.Equal(2, world.Weather.Connections);
    }

    [Fact]
    public async Task An_open_stream_keeps_its_connection_for_as_long_as_it_lasts()
    {
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var world = await World.StartAsync(clock: clock);
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("data: 2\n\n");
        };
        using var request = Request(world, new StringContent(Messages.Call("echo"), Encoding.UTF8, "application/json"));
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        using var response = await client.SendAsync(request, Cancellation);
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal("data: 1", await stream.ReadLineAsync(Cancellation));

        Apply(world, connections: 1, timeout: 7);
        clock.Advance(3 * RuntimePool.Grace);
        Assert.Equal((3, 2), (Clients(world).Count, Pool(world).Count));
        go.SetResult();
        Assert.Equal("\ndata: 2\n\n", await stream.ReadToEndAsync(Cancellation));

        // The client has the end of the stream a moment before the gateway has noted it.
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(RuntimePool.Grace);
            return (Clients(world).Count, Pool(world).Count) == (2, 1);
        });
    }

    [Fact]
    public async Task A_request_that_takes_longer_to_arrive_than_the_grace_still_gets_its_token_and_its_connection()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["RequestBodyTimeout"] = "01:00:00", clock);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        using var body = new SlowBody(Encoding.UTF8.GetBytes(Messages.Call("echo")));
        using var request = Request(world, body);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        var call = client.SendAsync(request, Cancellation);
        await Eventually.HoldsAsync(() => InFlight(world));

        Apply(world, connections: 1, timeout: 7);

        // The request starts over with the new connection, whose first fetch of keys has a limit that would come due, too.
        await Eventually.HoldsAsync(() => LiveGenerations(world).Current.AuthorizationServers.Values.All(server => server.Keys.Available));
        clock.Advance(RuntimePool.Grace + TimeSpan.FromMinutes(1));
        body.Go();

        using var response = await call;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, world.Weather.Requests.Count);
    }

    [Fact]
    public async Task Five_hundred_reloads_leave_no_timer_behind()
    {
        var counted = new CountedTimers(clock);
        await using var world = await World.StartAsync(clock: counted);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        var before = counted.Running;
        for (var i = 1; i <= 500; i++)
        {
            Apply(world, connections: i, timeout: i % 50);
        }

        Apply(world);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.InRange(counted.Running, before + 500, int.MaxValue);
        clock.Advance(RuntimePool.Grace);

        // A fetch of keys that was under way ends in its own time.
        await Eventually.HoldsAsync(() => counted.Running <= before);
    }

    private static void Apply(World world, int? connections = null, int? timeout = null)
    {
        var options = World.Options(world.As, world.Weather, world.Notes);
        if (connections is { } most)
        {
            options["Servers"]!["weather"]!["Cluster"] = new JsonObject { ["HttpClient"] = new JsonObject { ["MaxConnectionsPerServer"] = most } };
        }

        if (timeout is { } seconds)
        {
            options["AuthorizationServers"]!["corp"]!["Timeout"] = TimeSpan.FromSeconds(1 + seconds).ToString();
        }

        world.Gateway.Write(options);
        var number = LiveGenerations(world).Current.Number;
        world.Gateway.Services.GetRequiredService<Reload>().Poll();
        Assert.Equal(number + 1, LiveGenerations(world).Current.Number);
    }

    private static HttpRequestMessage Request(World world, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather") { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + world.WeatherToken());
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        return request;
    }

    private static LiveGenerations LiveGenerations(World world) => world.Gateway.Services.GetRequiredService<LiveGenerations>();

    private static OutboundClients Clients(World world) => world.Gateway.Services.GetRequiredService<OutboundClients>();

    private static RuntimePool Pool(World world) => world.Gateway.Services.GetRequiredService<RuntimePool>();

    private static bool InFlight(World world) => LiveGenerations(world).Current.InFlight.Any;

    /// <summary>A body whose headers go out at once, and the rest when a test says so.</summary>
    private sealed class SlowBody : HttpContent
    {
        private readonly byte[] content;
        private readonly TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SlowBody(byte[] content)
        {
            this.content = content;
            Headers.ContentType = new("application/json");
        }

        public void Go() => go.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync(Cancellation);
            await go.Task;
            await stream.WriteAsync(content, Cancellation);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = content.Length;
            return true;
        }
    }
}
