using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>What an MCP server says to browsers about the whole origin, and to the proxies in front, stays at the gateway.</summary>
public sealed class AnswerHeadersTests
{
    [Theory]
    [InlineData("X-Accel-Redirect: /internal/keys")]
    [InlineData("x-accel-expires: 3600")]
    [InlineData("X-Accel-Buffering: yes")]
    [InlineData("X-Sendfile: /etc/passwd")]
    [InlineData("X-Sendfile2: /etc/passwd 0-9")]
    [InlineData("X-LIGHTTPD-send-file: /etc/passwd")]
    [InlineData("X-LiteSpeed-Location: /internal/keys")]
    [InlineData("X-Reproxy-URL: http://127.0.0.1:9090/metrics")]
    [InlineData("X-Envoy-Immediate-Health-Check-Fail: 1")]
    [InlineData("Endpoint-Load-Metrics: TEXT cpu=1.0")]
    [InlineData("Set-Cookie: sid=evil; Domain=example.com")]
    [InlineData("Set-Cookie2: sid=evil")]
    [InlineData("Strict-Transport-Security: max-age=0")]
    [InlineData("Clear-Site-Data: \"*\"")]
    [InlineData("NEL: {\"report_to\":\"evil\"}")]
    [InlineData("Report-To: {\"group\":\"evil\"}")]
    [InlineData("Reporting-Endpoints: evil=\"https://evil.example\"")]
    [InlineData("Service-Worker-Allowed: /")]
    [InlineData("Refresh: 0; url=https://evil.example")]
    [InlineData("Accept-CH: Sec-CH-UA-Model")]
    [InlineData("Set-Login: logged-out")]
    [InlineData("Speculation-Rules: \"/rules.json\"")]
    [InlineData("Secure-Session-Registration: (ES256);path=\"/start\"")]
    [InlineData("Sec-Session-Challenge: \"c\"")]
    [InlineData("Alt-Svc: h3=\":443\"")]
    [InlineData("Proxy-Authenticate: Basic")]
    [InlineData("Proxy-Status: evil; error=x")]
    [InlineData("WWW-Authenticate: Bearer")]
    [InlineData("Authentication-Info: nextnonce=\"x\"")]
    [InlineData("DPoP-Nonce: theirs")]
    [InlineData("CDN-Cache-Control: public, max-age=60")]
    [InlineData("Cloudflare-CDN-Cache-Control: max-age=60")]
    [InlineData("Surrogate-Control: max-age=60")]
    [InlineData("Surrogate-Key: all")]
    [InlineData("Edge-Control: !no-store")]
    [InlineData("Access-Control-Allow-Origin: *")]
    [InlineData("Access-Control-Allow-Credentials: true")]
    [InlineData("Access-Control-Allow-Private-Network: true")]
    public async Task What_acts_on_the_origin_or_on_a_proxy_in_front_does_not_leave(string line)
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await World.StartAsync(server.Url);
        var name = line[..line.IndexOf(':', StringComparison.Ordinal)];
        foreach (var head in (string[])["HTTP/1.1 200 OK\r\nContent-Type: application/json", "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"])
        {
            server.Answer = SocketMcpServer.Says($"{head}\r\n{line}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n{line}\r\n\r\n");

            var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

            Assert.True(answer.Complete);
            Assert.True(answer.Values(name) is [] or ["no"], line);
            Assert.DoesNotContain(answer.Trailers, trailer => trailer.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData("ETag: \"a\"")]
    [InlineData("Link: </next>; rel=next")]
    [InlineData("Retry-After: 3")]
    [InlineData("X-RateLimit-Remaining: 3")]
    [InlineData("Content-Security-Policy: default-src 'none'")]
    [InlineData("X-Accelerated: no")]
    [InlineData("Settings: a")]
    [InlineData("Expires: 0")]
    [InlineData("Server-Timing: db;dur=53")]
    public async Task Everything_else_passes(string line)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{line}\r\nContent-Length: 2\r\n\r\n{{}}");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(line.Split(": ", 2)[1], answer.Header(line.Split(": ", 2)[0]));
    }

    [Theory]
    [InlineData("", "private")]
    [InlineData("Cache-Control: public", "private")]
    [InlineData("Cache-Control: PUBLIC, max-age=60", "private, max-age=60")]
    [InlineData("Cache-Control: s-maxage=60, max-age=5", "private, max-age=5")]
    [InlineData("Cache-Control: max-age=60\r\nCache-Control: public", "private, max-age=60")]
    [InlineData("Cache-Control: private", "private")]
    [InlineData("Cache-Control: private, max-age=60", "private, max-age=60")]
    [InlineData("Cache-Control: private=\"Set-Cookie\", max-age=60", "private, max-age=60")]
    [InlineData("Cache-Control: no-store", "no-store")]
    [InlineData("Cache-Control: no-store, public", "no-store")]
    [InlineData("Cache-Control: no-cache", "private, no-cache")]
    [InlineData("Cache-Control: x=\"a, private\", public", "private, x=\"a, private\"")]
    [InlineData("Cache-Control: x=\"a, private, public", "no-store")]
    [InlineData("Cache-Control: no store", "no-store")]
    [InlineData("Cache-Control: ,, public ,", "private")]
    public async Task An_answer_for_one_caller_is_no_shared_caches(string line, string cached)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{(line.Length > 0 ? line + "\r\n" : "")}Content-Length: 2\r\n\r\n{{}}");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(cached, answer.Header("Cache-Control"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Cache-Control: public, max-age=60\r\n")]
    [InlineData("Cache-Control: no-cache, no-transform\r\n")]
    public async Task An_event_stream_is_neither_buffered_nor_stored(string line)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{line}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(("no-store", "no"), (answer.Header("Cache-Control"), answer.Header("X-Accel-Buffering")));
    }

    [Theory]
    [InlineData("application/json", "private")]
    [InlineData("text/event-stream", "no-store", "no")]
    public async Task Nobody_nominates_away_what_the_gateway_says(string type, string cached, params string[] buffered)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nConnection: X-Accel-Buffering, X-Hop\r\nConnection: close, Cache-Control, X-Request-Id\r\n"
            + "Cache-Control: public, max-age=86400\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(cached, answer.Header("Cache-Control"));
        Assert.Equal(buffered, answer.Values("X-Accel-Buffering"));
        Assert.Equal((string?)world.Gateway.Audit.Single()["request_id"], answer.Header("X-Request-Id"));
        Assert.Empty(answer.Values("X-Hop"));
    }

    [Fact]
    public async Task The_request_id_of_an_answer_is_the_gateways_own()
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: theirs\r\nContent-Length: 2\r\n\r\n{}");
        await using var world = await World.StartAsync(server.Url);

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Call(world));

        Assert.Equal(Assert.Single(world.Gateway.Audit)["request_id"]!.GetValue<string>(), answer.Header("X-Request-Id"));
    }
}
