using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>Until the first byte of an answer goes out it may still become another one: the audit tells of the one that the client got.</summary>
public sealed class UnbegunAnswerTests
{
    private const string App = "https://app.example.com";
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s-1\r\nVary: Origin\r\nETag: \"1\"\r\n";

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("Content-Length: 64\r\n\r\n")]
    public async Task An_answer_that_breaks_before_its_body_begins_is_a_refusal_for_client_audit_and_metrics_alike(string rest)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(Head + rest, Close.Fin);
        await using var world = await World.StartAsync(options =>
        {
            Operator.Management(page: false)(options);
            options["Servers"]!["weather"]!["Destinations"] = new JsonArray(server.Url);
            options["Servers"]!["weather"]!["AllowedOrigins"] = new JsonArray(App);
        });

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.Add("Origin", App));

        Assert.Equal((502, "upstream_unavailable"), (answer.Status, answer.Reason));
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("mcp.request.allowed", "upstream_unavailable", 502), (line["event"]!.GetValue<string>(), line["reason"]?.GetValue<string>(), line["status"]!.GetValue<int>()));
        var counted = Assert.Single(Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body), sample => sample.Has("gateway_requests_total", ("server", "weather")));
        Assert.True(counted.Has("gateway_requests_total", ("outcome", "allowed"), ("reason", "upstream_unavailable")));

        // Nothing of the answer that was not given stands on the refusal.
        Assert.False(answer.Headers.ContainsKey("Mcp-Session-Id"));
        Assert.False(answer.Headers.ContainsKey("ETag"));
        Assert.Equal((App, "Origin"), (answer.Headers["Access-Control-Allow-Origin"], answer.Headers["Vary"]));
        Assert.Distinct(answer.Headers["Access-Control-Expose-Headers"].Split(", "));
    }

    [Theory]
    [InlineData("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204)]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", 304)]
    public async Task An_answer_without_a_body_is_told_once(string text, int status)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(text);
        await using var world = await World.StartAsync(server.Url);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal(status, answer.Status);
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("mcp.request.allowed", status), (line["event"]!.GetValue<string>(), line["status"]!.GetValue<int>()));
    }
}
