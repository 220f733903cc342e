using System.Net.Sockets;
using System.Text;
using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>An MCP server that does not want the rest of a large body answers in its midst, and closes (RFC 9112 §9.5).</summary>
public sealed class EarlyAnswerTests
{
    private const string Error = """{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"too much"}}""";
    private static readonly string Body = Messages.Call("echo").Replace("{}", $$"""{"pad":"{{new string('x', 4_000_000)}}"}""", StringComparison.Ordinal);

    private static string Says(string status, string more = "Connection: close\r\n", string body = Error) =>
        $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {body.Length}\r\n\r\n{body}";

    public static TheoryData<string, int> Statuses => new() { { "200 OK", 200 }, { "413 Content Too Large", 413 }, { "503 Busy", 503 } };

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task It_passes_as_what_it_is(string status, int seen)
    {
        await using var server = new SocketAcceptor((socket, _) => RefuseAsync(socket, Says(status)));
        await using var world = await World.StartAsync($"http://{server.Address}/mcp", Large);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Body);

        Assert.Equal((seen, Error), (answer.Status, answer.Body));
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("mcp.request.allowed", null, seen), (line["event"]!.GetValue<string>(), line["reason"]?.GetValue<string>(), line["status"]!.GetValue<int>()));
    }

    [Fact]
    public async Task No_other_request_is_sent_on_its_connection_whatever_it_says()
    {
        await using var server = new SocketAcceptor((socket, _) => RefuseAsync(socket, Says("413 Content Too Large", more: "")));
        await using var world = await World.StartAsync($"http://{server.Address}/mcp", Large);
        var token = world.WeatherToken();

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(413, (await world.Gateway.CallAsync("/weather", token, Body)).Status);
        }
    }

    [Fact]
    public async Task A_refused_token_is_replaced_once()
    {
        await using var server = new SocketAcceptor((socket, _) => RefuseAsync(socket, Says("401 Unauthorized")));
        await using var world = await World.StartAsync($"http://{server.Address}/mcp", Large);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Body);

        Assert.Equal((502, "upstream_refused_token"), (answer.Status, answer.Reason));
        Assert.Equal(2, world.As.Exchanges.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 413 Content Too Large\r\nContent-Ty")]
    [InlineData("HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n")]
    [InlineData("HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\n\r\n")]
    public async Task What_broke_off_is_none(string text)
    {
        await using var server = new SocketAcceptor((socket, _) => RefuseAsync(socket, text));
        await using var world = await World.StartAsync($"http://{server.Address}/mcp", Large);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Body);

        Assert.Equal((502, "upstream_unavailable"), (answer.Status, answer.Reason));
        Assert.NotNull(Assert.Single(world.Gateway.Audit)["detail"]);
    }

    private static void Large(System.Text.Json.Nodes.JsonNode server) => server["MaxRequestBody"] = 8 * 1024 * 1024;

    /// <summary>Reads the head alone, answers, and closes while the body is under way.</summary>
    private static async Task RefuseAsync(Socket socket, string text)
    {
        using (socket)
        {
            socket.ReceiveBufferSize = 8 * 1024;
            var head = new byte[4096];
            await socket.ReceiveAsync(head);
            await socket.SendAsync(Encoding.ASCII.GetBytes(text));

            // Until more of the body was sent than there is room for, so that the gateway is in its midst.
            await Task.Delay(TimeSpan.FromMilliseconds(50));
            socket.Close(0);
        }
    }
}
