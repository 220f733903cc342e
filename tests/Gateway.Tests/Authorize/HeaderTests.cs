using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
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
    [InlineData(ModernCall, Modern, "tools/call", "=?base64?ZWNo bw==?=")]
    [InlineData(ModernCall, Modern, "tools/call", "=?base64? ZWNobw==?=")]
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

    [Theory]
    [InlineData(Modern)]
    [InlineData("2025-06-18")]
    [InlineData("2099-01-01")]
    [InlineData("draft")]
    public async Task The_version_header_of_initialize_decides_nothing(string version)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            context.Response.Headers["Mcp-Session-Id"] = "s-1";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        };
        var token = world.WeatherToken();

        var opened = await world.Gateway.CallAsync("/weather", token, """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}""", request => Set(request, version, null, null));
        var session = opened.Headers.GetValueOrDefault("Mcp-Session-Id");
        var next = await world.Gateway.CallAsync("/weather", token, LegacyCall, request =>
        {
            Set(request, "2025-11-25", null, null);
            request.Headers.Add("Mcp-Session-Id", session);
        });

        Assert.Equal((200, 200), (opened.Status, next.Status));
        Assert.Equal("s-1", world.Weather.Requests[^1].Headers["Mcp-Session-Id"]);
    }

    [Theory]
    [InlineData("2099-01-01", true, "s-1")]
    [InlineData("2026-01-15", true, "s-1")]
    [InlineData("draft", true, "s-1")]
    [InlineData("2099-01-01", false, null)]
    [InlineData("draft", false, null)]
    [InlineData(Modern, true, null)]
    [InlineData(Modern, false, null)]
    public async Task A_session_is_kept_in_an_unknown_revision_and_dropped_in_one_that_has_none(string version, bool own, string? sent)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            context.Response.Headers["Mcp-Session-Id"] = "s-1";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        };
        var token = world.WeatherToken();
        var opened = await world.Gateway.CallAsync("/weather", token, Messages.Of("initialize"));

        var answer = await world.Gateway.CallAsync("/weather", token, LegacyCall, request =>
        {
            Set(request, version, null, null);
            request.Headers.Add("Mcp-Session-Id", own ? opened.Headers["Mcp-Session-Id"] : "made-up");
        });

        Assert.Equal(200, answer.Status);
        Assert.Equal(sent, world.Weather.Requests[^1].Headers.GetValueOrDefault("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(6 * 1024)]
    public async Task A_long_session_id_comes_back(int length)
    {
        await using var world = await World.StartAsync();
        var id = new string('s', length);
        world.Weather.Answer = async context =>
        {
            context.Response.Headers["Mcp-Session-Id"] = id;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        };
        var token = world.WeatherToken();

        var opened = await world.Gateway.CallAsync("/weather", token, Messages.Of("initialize"));
        var next = await world.Gateway.CallAsync("/weather", token, LegacyCall, request => request.Headers.Add("Mcp-Session-Id", opened.Headers["Mcp-Session-Id"]));

        Assert.Equal(200, next.Status);
        Assert.Equal(id, world.Weather.Requests[^1].Headers["Mcp-Session-Id"]);
    }

    [Fact]
    public async Task A_session_id_that_could_not_come_back_is_not_handed_out()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.Headers["Mcp-Session-Id"] = new string('s', (6 * 1024) + 1);
            return context.Response.WriteAsync("{}");
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of("initialize"));

        Assert.Equal((502, "upstream_unavailable"), (answer.Status, answer.Reason));
    }

    [Theory]
    [InlineData("X-Forwarded-Access-Token", 200)]
    [InlineData("X-Amzn-Oidc-Accesstoken", 200)]
    [InlineData("Cookie", 200)]
    [InlineData("X-Tenant", 400)]
    [InlineData("User-Agent", 400)]
    [InlineData("Mcp-Param-Key", 400)]
    [InlineData("Content-Language", 400)]
    [InlineData("baggage", 400)]
    public async Task The_token_in_a_second_header_is_refused_only_where_it_would_be_forwarded(string header, int status)
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["ForwardHeaders"] = new JsonArray("X-Tenant"));
        var token = world.WeatherToken();

        var answer = await world.Gateway.CallAsync("/weather", token, change: request =>
        {
            if (!request.Headers.TryAddWithoutValidation(header, "a=" + token))
            {
                request.Content!.Headers.TryAddWithoutValidation(header, "a=" + token);
            }
        });

        Assert.Equal(status, answer.Status);
        Assert.All(world.Weather.Requests, request => Assert.DoesNotContain(token, request.Everything, StringComparison.Ordinal));
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
