using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>A filtered list that the gateway cannot read, but that some client might, does not pass in any disguise.</summary>
public sealed class UnreadListTests
{
    private const string List = """{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"wipe"}]}}""";
    private const string Json = "Content-Type: application/json";
    private const string Events = "Content-Type: text/event-stream";

    private static readonly (string Name, string Headers, string Body)[] Disguises =
    [
        ("no type", "X-A: b", List),
        ("an empty type", "Content-Type: ", List),
        ("a type that is none", "Content-Type: application/json; charset=utf-8; =", List),
        ("two types", Json + "\r\n" + Events, List),
        ("two types, the stream first", Events + "\r\n" + Json, List),
        ("two types in one line", "Content-Type: application/json, text/event-stream", List),
        ("a type that only starts like a stream's", "Content-Type: text/event-stream+json", List),
        ("another type of JSON", "Content-Type: application/problem+json", List),
        ("another charset", Json + "; charset=\"utf-16\"", List),
        ("gzip", Json + "\r\nContent-Encoding: gzip", "\u001f\u008b"),
        ("gzip with a parameter", Json + "\r\nContent-Encoding: gzip;q=1", List),
        ("gzip beside identity", Json + "\r\nContent-Encoding: identity, gzip", List),
        ("a coding in a second line", Json + "\r\nContent-Encoding: identity\r\nContent-Encoding: br", List),
        ("a coding that is no token", Json + "\r\nContent-Encoding: \"gzip\"", List),
        ("an unlabelled gzip", Json, "\u001f\u008b\b\0"),
        ("UTF-16, big end first", Json, string.Concat(List.Select(character => "\0" + character))),
        ("UTF-16, little end first", Json, string.Concat(List.Select(character => character + "\0"))),
        ("a comment before it", Json, "/**/" + List),
        ("a line separator before it", Json, "\u00a0" + List),
        ("a text before it", Json, ")]}'\n" + List),
        ("a string that holds it", Json, "\"" + List.Replace("\"", "\\\"", StringComparison.Ordinal) + "\"\n" + List),
        ("a second message behind it", Json, "{}" + List),
        ("a coded stream", Events + "\r\nContent-Encoding: deflate", "data: " + List + "\n\n"),
        ("a stream with a parameter that is none", "Content-Type: text/event-stream; =", "data: " + List + "\n\n"),
        ("a comment in an event", Events, "data: /**/" + List + "\n\n"),
        ("a comment in an event over two lines", Events, "data: /**/\ndata: " + List + "\n\n"),
        ("a text in a typed event", Events, "event: message\ndata: x" + List + "\n\n"),
        ("an event of another type", Events, "event: messages\ndata:  " + List[..^1] + "\n\n"),
    ];

    public static TheoryData<string> Names => [.. Disguises.Select(disguise => disguise.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_is_refused_or_cut(string name)
    {
        var (_, headers, body) = Disguises.Single(disguise => disguise.Name == name);
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says($"HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post("/weather", world.WeatherToken(), Messages.Of("tools/list")));

        Assert.True(!answer.Complete || (answer.Status == 502 && answer.Body.Contains("\"upstream_unavailable\"", StringComparison.Ordinal)), answer.ToString());
        Assert.DoesNotContain("wipe", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    public async Task No_list_at_all_passes(string text)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(text);
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post("/weather", world.WeatherToken(), Messages.Of("tools/list")));

        Assert.Equal((text[9..12], "", true), (answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Body, answer.Complete));
    }

    [Fact]
    public async Task Events_of_other_types_pass_as_they_are()
    {
        const string Body = "event: ping\ndata: now\n\ndata:\nid: 7\n\ndata: {\"result\":{\"tools\":[{\"name\":\"wipe\"}]}}\n\n";
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says($"HTTP/1.1 200 OK\r\n{Events}\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        await using var world = await StartAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post("/weather", world.WeatherToken(), Messages.Of("tools/list")));

        Assert.True(answer.Complete);
        Assert.Equal(Body.Replace("{\"name\":\"wipe\"}", "", StringComparison.Ordinal).Replace("{\"tools\"", "{\"cacheScope\":\"private\",\"tools\"", StringComparison.Ordinal), answer.Body);
    }

    [Theory]
    [InlineData("Content-Type: text/event-stream; =")]
    [InlineData("Content-Type: text/event-stream\r\nContent-Type: text/plain")]
    [InlineData("Content-Type: text/event-stream\r\nContent-Encoding: gzip")]
    [InlineData("X-A: b")]
    [InlineData("Content-Type: ")]
    [InlineData("Content-Type: text/plain")]
    [InlineData("Content-Type: application/json")]
    [InlineData("Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked")]
    public async Task The_stream_of_http_and_sse_does_not_pass_unread(string headers)
    {
        const string Body = "event: endpoint\ndata: /mcp/message?sessionId=s-1\n\n";
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(headers.Contains("chunked", StringComparison.Ordinal)
            ? $"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n"
            : $"HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        await using var world = await StartHttpSseAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Get("/weather/sse", world.WeatherToken()));

        Assert.Equal(502, answer.Status);
        Assert.DoesNotContain("s-1", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    public async Task No_stream_of_http_and_sse_at_all_passes(string text, string body)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(text);
        await using var world = await StartHttpSseAsync(server);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Get("/weather/sse", world.WeatherToken()));

        Assert.Equal((text[9..12], body, true), (answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Body, answer.Complete));
    }

    private static Task<World> StartHttpSseAsync(SocketMcpServer server) => World.StartAsync(server.Url, weather => weather["Transport"] = "http+sse");

    private static Task<World> StartAsync(SocketMcpServer server) => World.StartAsync(server.Url, weather =>
    {
        weather["FilterLists"] = true;
        weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
    });
}
