using System.Net;
using System.Text.Json.Nodes;
using Gateway.Forward;
using Gateway.Tests.Harness;
using Harness.Wire;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>
/// An answer that breaks off at the MCP server, or that the gateway cuts because it may not pass, never looks whole to
/// the client: either it gets a refusal in its place, or a transfer that is broken off (RFC 9112 §8, RFC 9113 §8.1).
/// </summary>
public sealed class BrokenAnswerTests
{
    private const long InternalError = 2;
    private const long Cancel = 8;
    private const string Chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    private const string Events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    private const string Length = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n";
    private const string Unframed = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

    private static readonly (string Name, string Text, Close Close)[] Answers =
    [
        ("a chunk, then the end", Chunked + "6\r\n{\"a\":1\r\n", Close.Fin),
        ("a chunk, then a reset", Chunked + "6\r\n{\"a\":1\r\n", Close.Reset),
        ("half a chunk", Chunked + "60\r\n{\"a\":1\r\n", Close.Fin),
        ("a whole message without the last chunk", Chunked + "7\r\n{\"a\":1}\r\n", Close.Fin),
        ("the last chunk without its end", Chunked + "7\r\n{\"a\":1}\r\n0\r\n", Close.Fin),
        ("no chunk at all", Chunked, Close.Fin),
        ("a chunk size that is none", Chunked + "7\r\n{\"a\":1}\r\nzz\r\n", Close.No),
        ("less than the length", Length + "{\"a\":1}", Close.Fin),
        ("less than the length, then a reset", Length + "{\"a\":1}", Close.Reset),
        ("nothing of the length", Length, Close.Fin),
        ("no framing and a reset", Unframed + "{\"a\":1}", Close.Reset),
        ("an event, then the end", Events + "9\r\ndata: 1\n\n\r\n", Close.Fin),
        ("an event, then a reset", Events + "9\r\ndata: 1\n\n\r\n", Close.Reset),
        ("half an event", Events + "7\r\ndata: 1\r\n", Close.Fin),
        ("no event", Events, Close.Fin),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Ty", Close.Fin),
        ("nothing", "", Close.Fin),
    ];

    public static TheoryData<string, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool, bool>();
            foreach (var (name, _, _) in Answers)
            {
                cases.Add(name, false, false);
                cases.Add(name, true, false);
                cases.Add(name, false, true);
                cases.Add(name, true, true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task What_breaks_off_at_the_server_breaks_off_at_the_client(string name, bool filtered, bool http2)
    {
        var (_, text, close) = Answers.Single(answer => answer.Name == name);
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(text, close);
        await using var world = await StartAsync(server.Url, http2, weather =>
        {
            weather["FilterLists"] = filtered;
            weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
        });

        var whole = await ReadAsync(world, HttpMethod.Post, "/weather", Messages.Of("tools/list"), http2);

        Assert.True(whole is null or { Status: 502, Reason: "upstream_unavailable" }, whole?.ToString());
        AssertTold(world, whole);
    }

    /// <summary>HttpClient sends a request again whose connection, used before, has ended without an answer: none that may have been carried out.</summary>
    [Theory]
    [InlineData("POST", false, 1)]
    [InlineData("POST", true, 1)]
    [InlineData("GET", false, 2)]
    [InlineData("DELETE", false, 2)]
    public async Task A_call_is_sent_once_whatever_its_connection_carried_before(string method, bool reset, int sent)
    {
        await using var server = SocketMcpServer.Start();
        var sound = SocketMcpServer.Says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        server.Answer = stream => server.Requests.Count == 2 ? SocketMcpServer.Says("", reset ? Close.Reset : Close.Fin)(stream) : sound(stream);
        await using var world = await World.StartAsync(server.Url);
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token);

        var answer = await world.Gateway.SendAsync(new HttpMethod(method), "/weather", token, method == "POST" ? Messages.Call("echo") : null);

        Assert.Equal(sent, server.Requests.Count - 1);
        Assert.Single(world.As.Exchanges);
        var line = world.Gateway.Audit[^1];
        Assert.Equal(sent == 1 ? (502, "upstream_unavailable", "ended") : (200, null, null), (answer.Status, line["reason"]?.GetValue<string>(), line["detail"]?.GetValue<string>()));
    }

    [Theory]
    [InlineData("too large", false)]
    [InlineData("too large", true)]
    [InlineData("too large, in one line", false)]
    [InlineData("unreadable", false)]
    [InlineData("unreadable", true)]
    [InlineData("unreadable, at the end", false)]
    [InlineData("unreadable, at the end", true)]
    public async Task A_stream_that_may_not_pass_is_cut(string kind, bool http2)
    {
        await using var world = await StartAsync(null, http2, weather =>
        {
            weather["FilterLists"] = true;
            weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
        });
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.WriteAsync("data: {\"first\":1}\n\n"u8.ToArray());
            var piece = new byte[1024 * 1024];
            piece.AsSpan().Fill((byte)'x');
            switch (kind)
            {
                case "too large":
                    "data: "u8.CopyTo(piece);
                    piece[^1] = (byte)'\n';
                    goto default;
                case "unreadable":
                    await context.Response.Body.WriteAsync("data: {\"result\":{\"tools\":[{\"name\":\"wipe\"},]}}\n\ndata: {\"last\":1}\n\n"u8.ToArray());
                    break;
                case "unreadable, at the end":
                    await context.Response.Body.WriteAsync("data: {\"result\":{\"tools\":[{\"name\":\"wipe\"}"u8.ToArray());
                    break;
                default:
                    for (var i = 0; i <= EventStream.MaxEvent / piece.Length; i++)
                    {
                        await context.Response.Body.WriteAsync(piece, context.RequestAborted);
                    }

                    break;
            }
        };

        var whole = await ReadAsync(world, HttpMethod.Post, "/weather", Messages.Of("tools/list"), http2);

        Assert.Null(whole);
        AssertTold(world, whole);
    }

    [Theory]
    [InlineData("/message?sessionId=s-1")]
    [InlineData("/mcpx/message?sessionId=s-1")]
    [InlineData("/mcp/../admin?sessionId=s-1")]
    [InlineData("https://elsewhere.example.net/mcp/message?sessionId=s-1")]
    [InlineData("//elsewhere.example.net/mcp/message?sessionId=s-1")]
    public async Task An_endpoint_elsewhere_ends_the_stream_and_is_named_in_the_log(string announced)
    {
        foreach (var http2 in (bool[])[false, true])
        {
            await using var world = await StartAsync(null, http2, weather => weather["Transport"] = "http+sse");
            world.Weather.Answer = async context =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"event: endpoint\ndata: {announced}\n\n"));
            };

            var whole = await ReadAsync(world, HttpMethod.Get, "/weather/sse", null, http2);

            Assert.StartsWith("event: endpoint\ndata: /weather/message?sessionId=", whole?.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("elsewhere", whole?.Body, StringComparison.Ordinal);
            Assert.Contains($"weather announced an endpoint outside its destination", world.Gateway.Log, StringComparison.Ordinal);
            Assert.Contains(announced.Split('?')[0], world.Gateway.Log, StringComparison.Ordinal);
        }
    }

    private static Task<World> StartAsync(string? destination, bool http2, Action<JsonNode> change) => World.StartAsync(
        options =>
        {
            var weather = options["Servers"]!["weather"]!;
            weather["Destinations"] = destination is null ? weather["Destinations"]!.DeepClone() : new JsonArray(destination);
            change(weather);
        },
        configure: builder => Http2(builder, http2));

    private static void Http2(WebApplicationBuilder builder, bool http2) =>
        builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = http2 ? "Http2" : "Http1";

    /// <summary>One line, of what the client got: a refusal, or an answer that began.</summary>
    private static void AssertTold(World world, Whole? whole)
    {
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(
            whole is null ? ("mcp.request.allowed", null, 200) : ("mcp.request.allowed", whole.Reason, whole.Status),
            (line["event"]!.GetValue<string>(), line["reason"]?.GetValue<string>(), line["status"]!.GetValue<int>()));
    }

    /// <summary>The answer where its transfer is complete; null where it is broken off.</summary>
    private static async Task<Whole?> ReadAsync(World world, HttpMethod method, string path, string? body, bool http2, MemoryStream? seen = null)
    {
        var token = world.WeatherToken();
        if (!http2)
        {
            var answer = await SocketClient.ExchangeAsync(world, body is null ? SocketClient.Get(path, token) : SocketClient.Post(path, token, body));
            seen?.Write(System.Text.Encoding.Latin1.GetBytes(answer.Body));
            return answer.Complete ? new Whole(answer.Status, answer.Body) : null;
        }

        using var request = new HttpRequestMessage(method, world.Gateway.Url + path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Authorization = new("Bearer", token);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new("application/json") } };
        }

        using var read = seen ?? new MemoryStream();
        try
        {
            using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpVersion.Version20, response.Version);
            await response.Content.CopyToAsync(read, TestContext.Current.CancellationToken);
            return new Whole((int)response.StatusCode, System.Text.Encoding.UTF8.GetString(read.ToArray()));
        }
        catch (HttpRequestException exception)
        {
            // The stream alone, not its connection (RFC 9113 §5.4.2).
            var reset = Assert.IsType<HttpProtocolException>(exception.GetBaseException());
            Assert.True(reset.ErrorCode is InternalError or Cancel, reset.Message);
            return null;
        }
    }

    private sealed record Whole(int Status, string Body)
    {
        public string? Reason => JsonNode.Parse(Body)?["reason"]?.GetValue<string>();
    }
}
