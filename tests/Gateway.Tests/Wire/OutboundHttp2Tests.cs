using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>An MCP server that is asked over HTTP/2 (<c>Cluster:HttpRequest</c>): calls and streams as ever, and whatever breaks off never looks whole.</summary>
public sealed class OutboundHttp2Tests
{
    private const int NoError = 0;
    private const int InternalError = 2;
    private const int RefusedStream = 7;
    private const int Cancelled = 8;
    private static readonly Http2Frame Head = Http2Frame.Headers(Http2Frame.EndHeaders, (":status", "200"), ("content-type", "application/json"));
    private static readonly Http2Frame Stream = Http2Frame.Headers(Http2Frame.EndHeaders, (":status", "200"), ("content-type", "text/event-stream"));
    private static readonly Http2Frame[] Sound = [Head, Http2Frame.Data("{}", Http2Frame.EndStream)];

    /// <summary>What the MCP server writes, and whether it closes the connection then.</summary>
    private static readonly (string Name, Http2Frame[] Frames, bool Closes)[] Breaks =
    [
        ("a reset before the answer", [Http2Frame.Reset(InternalError)], false),
        ("a cancel before the answer", [Http2Frame.Reset(Cancelled)], false),
        ("the end of the connection", [], true),
        ("a farewell and the end of the connection", [Http2Frame.GoAway(1, InternalError)], true),
        ("a head, then a reset", [Head, Http2Frame.Reset(InternalError)], false),
        ("half a body, then a reset", [Head, Http2Frame.Data("{"), Http2Frame.Reset(InternalError)], false),
        ("half a body, then a cancel", [Head, Http2Frame.Data("{"), Http2Frame.Reset(Cancelled)], false),
        ("a whole message, then a reset", [Head, Http2Frame.Data("{}"), Http2Frame.Reset(InternalError)], false),
        ("half a body, then the end of the connection", [Head, Http2Frame.Data("{")], true),
        ("half a body, then a farewell and the end", [Head, Http2Frame.Data("{"), Http2Frame.GoAway(1, NoError)], true),
        ("an event, then a reset", [Stream, Http2Frame.Data("data: 1\n\n"), Http2Frame.Reset(InternalError)], false),
        ("an event, then the end of the connection", [Stream, Http2Frame.Data("data: 1\n\n")], true),
        ("a head, then a disclaimer", [Head, Http2Frame.Reset(RefusedStream)], false),
    ];

    private static readonly (string Name, Http2Frame[] Frames)[] Nonsense =
    [
        ("a body without a head", [Http2Frame.Data("{}", Http2Frame.EndStream)]),
        ("two statuses", [Http2Frame.Headers(Http2Frame.EndHeaders, (":status", "200"), (":status", "201")), Http2Frame.Data("{}", Http2Frame.EndStream)]),
        ("a status that is not first", [Http2Frame.Headers(Http2Frame.EndHeaders, ("x-a", "b"), (":status", "200")), Http2Frame.Data("{}", Http2Frame.EndStream)]),
        ("a pushed request", [Head with { Type = Http2Frame.Kind.PushPromise, Payload = [0, 0, 0, 2, .. Http2Frame.Block((":method", "GET"), (":path", "/"))] }, .. Sound]),
        ("trailers before the end", [Head, Http2Frame.Headers(Http2Frame.EndHeaders, ("x-a", "b")), Http2Frame.Data("{}", Http2Frame.EndStream)]),
        ("frames that no head is followed by", [new(Http2Frame.Kind.Headers, 0, 1, Http2Frame.Block((":status", "200"))), Http2Frame.Data("{}", Http2Frame.EndStream)]),
    ];

    public static TheoryData<string> NonsenseNames => [.. Nonsense.Select(nonsense => nonsense.Name)];

    public static TheoryData<string> Names => [.. Breaks.Select(@break => @break.Name)];

    [Fact]
    public async Task A_call_arrives_with_the_hop_token_alone()
    {
        await using var server = Http2McpServer.Start(_ => (Sound, false));
        await using var world = await StartAsync(server);
        var token = world.WeatherToken();

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post("/weather", token, Messages.Call("echo"), "Cookie: a=b\r\nX-Other: 1\r\nTE: trailers\r\nConnection: TE\r\n"));

        Assert.Equal((200, "{}", true), (answer.Status, answer.Body, answer.Complete));
        var request = Assert.Single(server.Requests);
        Assert.Single(world.As.Exchanges);
        Assert.Contains("Bearer ", request, StringComparison.Ordinal);
        Assert.EndsWith(Messages.Call("echo"), request, StringComparison.Ordinal);
        Assert.All(new[] { token, "cookie", "x-other", "trailers", "connection" }, text => Assert.DoesNotContain(text, request, StringComparison.OrdinalIgnoreCase));
        Assert.Equal("mcp.request.allowed", Assert.Single(world.Gateway.Audit)["event"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_refused_token_is_replaced_once()
    {
        Http2Frame[] refusal = [Http2Frame.Headers(Http2Frame.EndHeaders | Http2Frame.EndStream, (":status", "401"), ("www-authenticate", "Bearer error=\"invalid_token\""))];
        await using var server = Http2McpServer.Start(request => (request == 1 ? refusal : Sound, false));
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal((200, "{}", true), (answer.Status, answer.Body, answer.Complete));
        Assert.Equal((2, 2), (server.Requests.Count, world.As.Exchanges.Count));
        Assert.All(server.Requests, request => Assert.EndsWith(Messages.Call("echo"), request, StringComparison.Ordinal));
        Assert.Single(world.Gateway.Audit);
    }

    [Fact]
    public async Task An_event_passes_before_the_next_is_there()
    {
        var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = Http2McpServer.Start(_ => ([Stream, Http2Frame.Data("data: 1\n\n")], false));
        server.Next = async () =>
        {
            await next.Task;
            return [Http2Frame.Data("data: 2\n\n", Http2Frame.EndStream)];
        };
        await using var world = await StartAsync(server);
        using var client = await SocketClient.ConnectAsync(world.Gateway.Url);

        await client.SendAsync(SocketClient.Call(world));
        await client.UntilAsync("data: 1\n\n");
        next.SetResult();
        var answer = await client.AnswerAsync();

        Assert.Equal(("data: 1\n\ndata: 2\n\n", true), (answer.Body, answer.Complete));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_breaks_off_at_the_server_breaks_off_at_the_client(string name)
    {
        var (_, frames, closes) = Breaks.Single(@break => @break.Name == name);
        await using var server = Http2McpServer.Start(_ => (frames, closes));
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        var refused = answer.Status == 502 && answer.Body.Contains("\"upstream_unavailable\"", StringComparison.Ordinal);
        Assert.True(refused || !answer.Complete, answer.ToString());
        Assert.Single(server.Requests);

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(refused ? ("upstream_unavailable", "ended") : (null, null), (line["reason"]?.GetValue<string>(), line["detail"]?.GetValue<string>()));
    }

    [Theory]
    [MemberData(nameof(NonsenseNames))]
    public async Task What_is_no_answer_of_http_2_is_told_as_such_and_its_request_is_not_sent_again(string name)
    {
        await using var server = Http2McpServer.Start(_ => (Nonsense.Single(nonsense => nonsense.Name == name).Frames, false));
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(502, answer.Status);
        Assert.Single(server.Requests);
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("upstream_unavailable", "malformed"), (line["reason"]!.GetValue<string>(), line["detail"]?.GetValue<string>()));
    }

    /// <summary>What is disclaimed without end is sent four times: some fault is behind it, and the client is to hear of it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_the_server_always_disclaims_is_given_up(bool connection)
    {
        await using var server = Http2McpServer.Start(_ => ([connection ? Http2Frame.GoAway(0, NoError) : Http2Frame.Reset(RefusedStream)], false));
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(502, answer.Status);
        Assert.Equal(4, server.Requests.Count);
        Assert.Single(world.As.Exchanges);
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("upstream_unavailable", "ended"), (line["reason"]!.GetValue<string>(), line["detail"]?.GetValue<string>()));
    }

    /// <summary>The server says that it never looked at the request, so that it may be sent again (RFC 9113 §8.7).</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_the_server_disclaims_is_sent_again_and_told_once(bool connection)
    {
        Http2Frame[] disclaimer = [connection ? Http2Frame.GoAway(0, NoError) : Http2Frame.Reset(RefusedStream)];
        await using var server = Http2McpServer.Start(request => (request == 1 ? disclaimer : Sound, false));
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal((200, "{}"), (answer.Status, answer.Body));
        Assert.Equal(2, server.Requests.Count);
        Assert.Single(world.As.Exchanges);
        Assert.Single(world.Gateway.Audit);
    }

    private static Task<World> StartAsync(Http2McpServer server) => World.StartAsync(server.Url, weather =>
    {
        weather["Cluster"] = new JsonObject { ["HttpRequest"] = new JsonObject { ["Version"] = "2", ["VersionPolicy"] = "RequestVersionExact" } };
    });
}
