using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Revocation;
using Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>
/// A request that let the last gate behind it may wait for a connection, or for a stream of one, as long as the calls before it take; or
/// come back, because the MCP server never looked at it. It is decided when it is written: what has changed by then counts.
/// </summary>
public sealed class WaitingRequestTests : IDisposable
{
    private const int OneAtATime = 1;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private static readonly string Late = Messages.Call("late");
    private static readonly Http2Frame[] Sound = [Http2Frame.Headers(Http2Frame.EndHeaders, (":status", "200"), ("content-type", "application/json")), Http2Frame.Data("{}", Http2Frame.EndStream)];
    private readonly ManualClock clock = new();
    private readonly MeterListener listener = new();
    private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string port = "";
    private int sending;
    private volatile bool holds;

    public WaitingRequestTests()
    {
        listener.InstrumentPublished = (instrument, heard) =>
        {
            if (instrument.Name == "http.client.active_requests")
            {
                heard.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, change, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "server.port" && string.Equals(tag.Value?.ToString(), port, StringComparison.Ordinal))
                {
                    Interlocked.Add(ref sending, (int)change);
                }
            }
        });
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    [Theory]
    [InlineData("a connection", "POST", "logout")]
    [InlineData("a connection", "POST", "expiry")]
    [InlineData("a connection", "GET", "logout")]
    [InlineData("a connection", "GET", "expiry")]
    [InlineData("a stream", "POST", "logout")]
    [InlineData("a stream", "POST", "expiry")]
    [InlineData("a stream", "GET", "logout")]
    [InlineData("a stream", "GET", "expiry")]
    public async Task It_is_not_written_after_its_token_has_fallen(string waitsFor, string method, string what)
    {
        await using var server = Start(waitsFor == "a stream");
        await using var world = await StartAsync(server);
        await GreetAsync(world);
        using var first = await SendAsync(world, SocketClient.Post("/weather", Token(world, "bob"), Messages.Call("echo")));
        await Eventually.HoldsAsync(() => server.Requests.Count == 2);
        using var second = await SendAsync(world, method == "POST" ? SocketClient.Post("/weather", Token(world), Late) : SocketClient.Get("/weather", Token(world)));
        await Eventually.HoldsAsync(() => Volatile.Read(ref sending) == 2);

        await FallAsync(world, what);
        release.SetResult();

        Assert.Equal(200, (await first.AnswerAsync()).Status);
        await AssertRefusedAsync(world, second, what == "logout" ? "revoked" : "expired");
        Assert.Equal(2, server.Requests.Count);

        // Whatever it waited for is free for the next, and the MCP server is as healthy as it was.
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Token(world, "bob"))).Status);
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData("a connection")]
    [InlineData("a stream")]
    public async Task One_whose_outbound_token_has_run_out_meanwhile_is_written_with_a_fresh_one(string waitsFor)
    {
        await using var server = Start(waitsFor == "a stream");
        await using var world = await StartAsync(server);
        await GreetAsync(world);
        using var first = await SendAsync(world, SocketClient.Post("/weather", Token(world, "bob"), Messages.Call("echo")));
        await Eventually.HoldsAsync(() => server.Requests.Count == 2);
        using var second = await SendAsync(world, SocketClient.Post("/weather", Token(world, life: 3 * Life), Late));
        await Eventually.HoldsAsync(() => Volatile.Read(ref sending) == 2);

        clock.Advance(Life + Skew);
        release.SetResult();

        Assert.Equal(200, (await second.AnswerAsync()).Status);
        Assert.EndsWith(Late, Assert.Single(server.Requests.Skip(2)), StringComparison.Ordinal);
        Assert.Equal(4, world.As.Exchanges.Count);
        Assert.Equal(3, world.Gateway.Audit.Count(line => line["reason"] is null));
    }

    /// <summary>HttpClient would send it again, whenever the server says so (RFC 9113 §8.7).</summary>
    [Theory]
    [InlineData(true, "logout")]
    [InlineData(true, "expiry")]
    [InlineData(false, "logout")]
    [InlineData(false, "expiry")]
    public async Task One_that_the_server_disclaims_after_its_token_has_fallen_is_not_written_again(bool connection, string what)
    {
        await using var server = Http2McpServer.Start(_ => ([], false));
        server.Next = async () =>
        {
            await release.Task;
            return [connection ? Http2Frame.GoAway(0, 0) : Http2Frame.Reset(7)];
        };
        await using var world = await StartAsync(new Server(server, () => server.Requests) { Url = server.Url, IsHttp2 = true });
        using var client = await SendAsync(world, SocketClient.Post("/weather", Token(world), Late));
        await Eventually.HoldsAsync(() => server.Requests.Count == 1);

        await FallAsync(world, what);
        release.SetResult();

        await AssertRefusedAsync(world, client, what == "logout" ? "revoked" : "expired", "mcp.request.allowed");
        Assert.Single(server.Requests);
    }

    private static async Task AssertRefusedAsync(World world, SocketClient client, string reason, string @event = "mcp.request.refused")
    {
        var answer = await client.AnswerAsync();
        var json = JsonNode.Parse(answer.Body)!;
        Assert.Equal((401, reason), (answer.Status, (json["reason"] ?? json["error"]!["data"]!["reason"])!.GetValue<string>()));
        var line = Assert.Single(world.Gateway.Audit, line => line["reason"] is not null);
        Assert.Equal((@event, reason, null), (line["event"]!.GetValue<string>(), line["reason"]!.GetValue<string>(), line["upstream_status"]?.GetValue<int>()));
        Assert.DoesNotContain("ForwardingFailed", world.Gateway.Log, StringComparison.Ordinal);
    }

    private static async Task<SocketClient> SendAsync(World world, string request)
    {
        var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync(request);
        return client;
    }

    private async Task FallAsync(World world, string what)
    {
        if (what == "logout")
        {
            await LogOut.Async(world);
        }
        else
        {
            clock.Advance(Life + Skew);
        }
    }

    private string Token(World world, string subject = "alice", TimeSpan? life = null) => world.WeatherToken((_, payload) =>
    {
        payload["sub"] = subject;
        payload["exp"] = (clock.GetUtcNow() + (life ?? Life)).ToUnixTimeSeconds();
    });

    /// <summary>Of HTTP/2, the limit on streams is known once something was answered.</summary>
    private async Task GreetAsync(World world)
    {
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Token(world, "bob"))).Status);
        holds = true;
    }

    private Task HoldAsync() => holds ? release.Task : Task.CompletedTask;

    /// <summary>A server that holds its answer to the second call, and over HTTP/2 allows one stream at a time.</summary>
    private Server Start(bool http2)
    {
        if (!http2)
        {
            var plain = SocketMcpServer.Start();
            plain.Answer = async stream =>
            {
                await HoldAsync();
                await SocketMcpServer.Says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")(stream);
            };
            return new Server(plain, () => plain.Requests) { Url = plain.Url };
        }

        var server = Http2McpServer.Start(_ => ([], false));
        server.Greeting = new Http2Frame(Http2Frame.Kind.Settings, 0, 0, [0, 3, 0, 0, 0, OneAtATime]);
        server.Next = async () =>
        {
            await HoldAsync();
            return Sound;
        };
        return new Server(server, () => server.Requests) { Url = server.Url, IsHttp2 = true };
    }

    private async Task<World> StartAsync(Server server)
    {
        port = new Uri(server.Url).Port.ToString(CultureInfo.InvariantCulture);
        return await World.StartAsync(
            options =>
            {
                options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
                var weather = options["Servers"]!["weather"]!;
                weather["Destinations"] = new JsonArray(server.Url);
                weather["Cluster"] = server.IsHttp2
                    ? new JsonObject
                    {
                        ["HttpRequest"] = new JsonObject { ["Version"] = "2", ["VersionPolicy"] = "RequestVersionExact" },
                        ["HttpClient"] = new JsonObject { ["EnableMultipleHttp2Connections"] = false },
                    }
                    : new JsonObject { ["HttpClient"] = new JsonObject { ["MaxConnectionsPerServer"] = OneAtATime } };
            },
            clock);
    }

    private sealed class Server(IAsyncDisposable peer, Func<IReadOnlyList<string>> requests) : IAsyncDisposable
    {
        public required string Url { get; init; }

        public bool IsHttp2 { get; init; }

        public IReadOnlyList<string> Requests => requests();

        public ValueTask DisposeAsync() => peer.DisposeAsync();
    }
}
