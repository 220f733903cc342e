using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>What may stand in a sound HTTP/2 request beside what counts, and is left behind: the MCP server never sees it.</summary>
public sealed class Http2FieldTests
{
    private static readonly string Call = Messages.Call("echo");

    /// <summary>Kestrel takes such names over HTTP/2, which calls them malformed (RFC 9113 §8.2.1); HTTP/1.1 would read fields into them.</summary>
    [Theory]
    [InlineData("accept\r\nx-evil")]
    [InlineData("accept-x\r\nx-evil")]
    [InlineData("accept-x: evil\r\nauthorization")]
    [InlineData("content-x\r\nx-evil")]
    [InlineData("content-x\r\ntransfer-encoding: chunked\r\nx-evil")]
    [InlineData("mcp-param-x\r\nauthorization: bearer evil\r\nx-y")]
    [InlineData("mcp-param-x\r\n\r\npost /evil http/1.1\r\nx-y")]
    [InlineData("mcp-param-evil: x")]
    [InlineData("mcp-param-evil x")]
    [InlineData("mcp-param-evil\n")]
    public async Task A_name_that_is_none_goes_nowhere(string name)
    {
        var (answer, request) = await SendAsync([(name, "evil")], []);

        Assert.Equal(202, answer.Status);
        Assert.DoesNotContain("evil", request, StringComparison.OrdinalIgnoreCase);
        Assert.Single(request.Split("\r\n"), line => line.StartsWith("Authorization: Bearer ", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("Transfer-Encoding", request, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("\r\n\r\n" + Call, request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trailers_go_nowhere_whatever_they_are_called()
    {
        var (answer, request) = await SendAsync([("trailer", "x-late"), ("te", "trailers")], [("authorization", "Bearer evil"), ("mcp-session-id", "evil"), ("accept-late", "evil"), ("x-late", "evil")]);

        Assert.Equal(202, answer.Status);
        Assert.All(new[] { "evil", "late", "\nTE:", "Trailer", "Mcp-Session-Id" }, text => Assert.DoesNotContain(text, request, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Neither_authority_nor_host_reach_the_MCP_server()
    {
        var (answer, request) = await SendAsync([("host", "evil.example.net")], []);

        Assert.Equal(202, answer.Status);
        Assert.Single(request.Split("\r\n"), line => line.StartsWith("Host: 127.0.0.1:", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("evil", request, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The answer, and the one request that arrived.</summary>
    private static async Task<(Http2Answer Answer, string Request)> SendAsync((string Name, string Value)[] fields, (string Name, string Value)[] trailers)
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await World.StartAsync(
            options => options["Servers"]!["weather"]!["Destinations"] = new JsonArray(server.Url),
            configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = "Http2");
        var token = world.WeatherToken();
        using var client = await Http2Client.ConnectAsync(world.Gateway.Url);

        await client.SendAsync(
            Http2Frame.Headers(
                Http2Frame.EndHeaders,
                [(":method", "POST"), (":path", "/weather"), (":scheme", "http"), (":authority", "evil.example.com"), ("authorization", "Bearer " + token), ("content-type", "application/json"), ("content-length", $"{Call.Length}"), .. fields]),
            Http2Frame.Data(Call, trailers.Length == 0 ? Http2Frame.EndStream : (byte)0));
        if (trailers.Length > 0)
        {
            await client.SendAsync(Http2Frame.Headers(Http2Frame.EndHeaders | Http2Frame.EndStream, trailers));
        }

        var answer = await client.AnswerAsync();
        Assert.DoesNotContain(token, string.Join('\n', server.Requests), StringComparison.Ordinal);
        return (answer, Assert.Single(server.Requests));
    }
}
