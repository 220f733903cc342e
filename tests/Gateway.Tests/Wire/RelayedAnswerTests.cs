using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>What an MCP server says in odd HTTP: relayed as it is where that is sound, refused where it is not, and never more than one answer.</summary>
public sealed class RelayedAnswerTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    [Theory]
    [InlineData(200, "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(200, "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(200, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(200, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX-Hint: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(202, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData(204, "HTTP/1.1 204 No Content\r\n\r\n", "")]
    [InlineData(204, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData(205, "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData(204, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "")]
    [InlineData(204, "HTTP/1.1 204 No Content\r\nContent-Type: text/event-stream\r\nContent-Length: 5\r\n\r\n", "")]
    [InlineData(205, "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\n{}", "")]
    [InlineData(205, "HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "")]
    [InlineData(205, "HTTP/1.1 205 Reset Content\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n", "")]
    [InlineData(205, "HTTP/1.1 205 Reset Content\r\n\r\n{}", "")]
    [InlineData(304, "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", "")]
    [InlineData(304, "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n", "")]
    [InlineData(400, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(403, "HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(404, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(405, "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n", "")]
    [InlineData(429, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(500, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(503, "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n", "{}")]
    [InlineData(599, "HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData(200, Ok + "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "{}")]
    [InlineData(200, Ok + "\r\n{}", "{}")]
    public async Task An_answer_passes_with_its_status_and_its_body(int status, string text, string body)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(text, text.Contains("Length", StringComparison.Ordinal) || text.Contains("chunked", StringComparison.Ordinal) ? Close.No : Close.Fin);
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal((status, body, true), (answer.Status, answer.Body, answer.Complete));
        Assert.Equal((status, null), ((int)world.Gateway.Audit.Single()["status"]!, (string?)world.Gateway.Audit.Single()["reason"]));
        Assert.True(answer.Values("Content-Length").Count + answer.Values("Transfer-Encoding").Count <= 1);
        Assert.Empty(answer.Values("X-Hint"));
        Assert.Empty(answer.Values("WWW-Authenticate"));
    }

    [Theory]
    [InlineData("upstream_redirected", "HTTP/1.1 300 Multiple Choices\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("upstream_redirected", "HTTP/1.1 301 Moved\r\nLocation: /mcp/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("upstream_redirected", "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_redirected", "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("upstream_redirected", "HTTP/1.1 305 Use Proxy\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("upstream_redirected", "HTTP/1.1 307 Temporary\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("upstream_redirected", "HTTP/1.1 308 Permanent\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("upstream_unavailable", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("upstream_unavailable", Ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}")]
    [InlineData("upstream_unavailable", Ok + "Content-Length: -2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", Ok + "Content-Length: 2x\r\n\r\n{}")]
    [InlineData("upstream_unavailable", Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("upstream_unavailable", Ok + "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", Ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("upstream_unavailable", Ok + "X-A: a\u0001b\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", Ok + "X A: b\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", "HTTP/1.1 007 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", "HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", "ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("upstream_unavailable", Ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("upstream_unavailable", Ok + "Content-Length: 99999999999999999999\r\n\r\n{}")]
    [InlineData("upstream_unavailable", "SSH-2.0-OpenSSH_9.2p1\r\n")]
    public async Task An_answer_that_is_none_to_relay_is_refused(string reason, string text)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(text, Close.Fin);
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.True(answer is { Status: 502, Complete: true }, text);
        Assert.Equal(reason, JsonNode.Parse(answer.Body)!["reason"]!.GetValue<string>());
        Assert.True(reason == "upstream_redirected" || (string?)world.Gateway.Audit.Single()["detail"] is "malformed" or "ended" or "transfer_coding" or "upgrade", text);
        Assert.Empty(answer.Values("Location"));
        Assert.DoesNotContain("elsewhere", answer.Body + string.Join('\n', answer.Headers), StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_head_that_never_ends_is_refused()
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray());
            var line = System.Text.Encoding.ASCII.GetBytes("X-A: " + new string('a', 1000) + "\r\n");
            while (true)
            {
                await stream.WriteAsync(line);
            }
        };
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal((502, true), (answer.Status, answer.Complete));
    }

    [Fact]
    public async Task End_to_end_headers_pass_one_by_one_and_hop_by_hop_ones_do_not()
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(
            Ok + "Date: Tue, 01 Jul 2025 00:00:00 GMT\r\nServer: mcp/1\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nCache-Control: private\r\nETag: \"x\"\r\nX-Empty:\r\nX-Caf\u00c3\u00a9: no\r\n".Replace("X-Caf\u00c3\u00a9: no", "X-Name: caf\u00c3\u00a9", StringComparison.Ordinal)
            + "Vary: Accept\r\nX-Own: 1\r\nConnection: keep-alive, X-Hop\r\nConnection: x-hop-2\r\nX-Hop: 1\r\nX-Hop-2: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authenticate: Basic\r\nWWW-Authenticate: Bearer\r\nTE: trailers\r\nUpgrade: h2c\r\nAlt-Svc: h3=\":443\"\r\nProxy-Authorization: x\r\nContent-Length: 2\r\n\r\n{}");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(200, answer.Status);
        Assert.Equal(
            ("Tue, 01 Jul 2025 00:00:00 GMT", "mcp/1", "private", "\"x\"", "", "caf\u00c3\u00a9", "Accept", "1"),
            (answer.Header("Date"), answer.Header("Server"), answer.Header("Cache-Control"), answer.Header("ETag"), answer.Header("X-Empty"), answer.Header("X-Name"), answer.Header("Vary"), answer.Header("X-Own")));
        Assert.All(
            new[] { "X-Hop", "X-Hop-2", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "WWW-Authenticate", "TE", "Upgrade", "Alt-Svc", "Via", "Set-Cookie" },
            name => Assert.Empty(answer.Values(name)));
        Assert.True(answer.Values("Connection") is [] or ["keep-alive"]);
    }

    [Fact]
    public async Task The_gateway_names_no_product_of_its_own()
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await World.StartAsync(server.Url);

        var relayed = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));
        var refused = await SocketClient.ExchangeAsync(world, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal((202, 404), (relayed.Status, refused.Status));
        Assert.All(new[] { relayed, refused }, answer =>
        {
            Assert.NotNull(answer.Header("Date"));
            Assert.All(new[] { "Server", "X-Powered-By", "Via" }, name => Assert.Empty(answer.Values(name)));
        });
    }

    [Theory]
    [InlineData(Ok + "Content-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 60\r\n\r\n")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    public async Task What_a_server_adds_to_its_answer_is_nobodys_answer(string first)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(first + Ok + "X-Injected: 1\r\nContent-Length: 9\r\n\r\n{\"evil\":1}");
        await using var world = await World.StartAsync(server.Url);
        using var client = await SocketClient.ConnectAsync(world.Gateway.Url);

        await client.SendAsync(SocketClient.Call(world));
        var answer = await client.AnswerAsync();
        server.Answer = SocketMcpServer.Says(Ok + "Content-Length: 8\r\n\r\n{\"ok\":1}");
        await client.SendAsync(SocketClient.Call(world));
        var next = await client.AnswerAsync();

        Assert.DoesNotContain("evil", answer.Body + next.Body, StringComparison.Ordinal);
        Assert.Equal("{\"ok\":1}", next.Body);
    }

    [Fact]
    public async Task Trailers_of_an_answer_cost_a_client_of_http_1_nothing()
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(Ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 7\r\nWWW-Authenticate: Bearer\r\nMcp-Session-Id: raw\r\n\r\n");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal((200, "{}", true), (answer.Status, answer.Body, answer.Complete));
        Assert.DoesNotContain(answer.Trailers, trailer => trailer.Key is "WWW-Authenticate" or "Mcp-Session-Id");
    }
}
