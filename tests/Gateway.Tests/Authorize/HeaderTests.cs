using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>MCP's request headers against the body: contradictions are refused, and nothing else.</summary>
public sealed class HeaderTests
{
    private const string Modern = "2026-07-28";
    private const string ModernCall = """{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""";
    private const string LegacyCall = """{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo"}}""";

    [Theory]
    [InlineData(ModernCall, "2025-11-25", "tools/call", "echo")]
    [InlineData(ModernCall, null, "tools/call", "echo")]
    [InlineData(ModernCall, Modern, null, "echo")]
    [InlineData(ModernCall, Modern, "tools/call", null)]
    [InlineData(ModernCall, Modern, "tools/list", "echo")]
    [InlineData(ModernCall, Modern, "Tools/Call", "echo")]
    [InlineData(ModernCall, Modern, "tools/call", "Echo")]
    [InlineData(ModernCall, Modern, "tools/call", "=?base64?ZGVsZXRl?=")]
    [InlineData(ModernCall, Modern, "tools/call", "=?base64?%%%?=")]
    [InlineData(LegacyCall, "2025-11-25", "tools/list", null)]
    [InlineData(LegacyCall, null, "tools/call", "other")]
    [InlineData("""{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{}}""", null, null, "echo")]
    public async Task A_contradiction_is_a_header_mismatch_and_nothing_is_sent(string body, string? version, string? method, string? name)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body, request => Set(request, version, method, name));

        Assert.Equal(400, answer.Status);
        Assert.Equal("header_mismatch", answer.Reason);
        Assert.Equal(-32020, answer.Json!["error"]!["code"]!.GetValue<int>());
        Assert.Equal("a", answer.Json["id"]!.GetValue<string>());
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData(ModernCall, Modern, "tools/call", "echo")]
    [InlineData(ModernCall, Modern, "tools/call", "=?base64?ZWNobw==?=")]
    [InlineData(LegacyCall, Modern, null, null)]
    [InlineData(LegacyCall, "2025-11-25", null, null)]
    [InlineData(LegacyCall, null, null, null)]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""", Modern, null, null)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"x/own","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""", Modern, "x/own", "whatever")]
    [InlineData("""{"jsonrpc":"2.0","id":3,"result":{}}""", "2025-11-25", null, null)]
    public async Task What_the_headers_leave_open_is_for_the_server_to_judge(string body, string? version, string? method, string? name)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body, request => Set(request, version, method, name));

        Assert.Equal(200, answer.Status);
        var arrived = Assert.Single(world.Weather.Requests);
        Assert.Equal(body, arrived.Body);
        Assert.Equal(version, arrived.Headers.GetValueOrDefault("MCP-Protocol-Version"));
        Assert.Equal(method, arrived.Headers.GetValueOrDefault("Mcp-Method"));
        Assert.Equal(name, arrived.Headers.GetValueOrDefault("Mcp-Name"));
    }

    [Theory]
    [InlineData(null, "tools/list", null)]
    [InlineData("2025-11-25", "tools/list", null)]
    [InlineData("2025-11-25", "tools/call", "echo")]
    [InlineData(null, null, null)]
    public async Task A_denied_tool_cannot_be_slipped_past_to_a_server_that_ignores_the_headers(string? version, string? method, string? name)
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Operations"] = new JsonArray(
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete_*", ["Deny"] = true }));

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_all"), request => Set(request, version, method, name));

        Assert.Contains(answer.Reason, (string[])["operation_denied", "header_mismatch"]);
        world.AssertNothingWasSent();
    }

    private static void Set(HttpRequestMessage request, string? version, string? method, string? name)
    {
        foreach (var (header, value) in (ReadOnlySpan<(string, string?)>)[("mcp-protocol-version", version), ("mcp-method", method), ("mcp-name", name)])
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }
        }
    }
}
