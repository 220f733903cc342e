using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>What a page of an allowed origin can do and read, and what a page of any other cannot (Fetch, CORS protocol).</summary>
public sealed class BrowserTests
{
    private const string App = "https://app.example.com";

    private static Task<World> StartAsync() => World.StartAsync(options =>
    {
        options["Servers"]!["weather"]!["AllowedOrigins"] = new JsonArray(App);
        options["Servers"]!["weather"]!["ForwardHeaders"] = new JsonArray("X-Tenant");
        options["Servers"]!["weather"]!["Operations"] = new JsonArray(
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true },
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete", ["Scopes"] = new JsonArray("weather:write") });
    });

    private static Task<Answer> PreflightAsync(World world, string origin, string? headers = null, string path = "/weather") =>
        world.Gateway.SendAsync(HttpMethod.Options, path, change: request =>
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
            request.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
            if (headers is not null)
            {
                request.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", headers);
            }
        });

    [Theory]
    [InlineData(App)]
    [InlineData(TestGateway.PublicUrl)]
    public async Task A_preflight_of_an_allowed_origin_needs_no_token_and_reaches_nobody(string origin)
    {
        await using var world = await StartAsync();

        var answer = await PreflightAsync(world, origin, "authorization,content-type,mcp-protocol-version,mcp-session-id,last-event-id,mcp-param-unit,mcp-param-geo.region,mcp-param-!#$%&'*+-.^_`|~9,mcp-param-a b,mcp-param-a(b,x-tenant,x-other,traceparent,tracestate,baggage,dpop");

        Assert.Equal(204, answer.Status);
        Assert.Equal((origin, "GET, POST, DELETE, OPTIONS", "Origin"), (answer.Headers["Access-Control-Allow-Origin"], answer.Headers["Access-Control-Allow-Methods"], answer.Headers["Vary"]));
        var allowed = answer.Headers["Access-Control-Allow-Headers"].Split(", ").ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Superset(new HashSet<string>(["Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id", "Last-Event-ID", "mcp-param-unit", "mcp-param-geo.region", "mcp-param-!#$%&'*+-.^_`|~9", "x-tenant", "traceparent", "tracestate", "baggage", "DPoP"], StringComparer.OrdinalIgnoreCase), allowed);
        Assert.DoesNotContain("x-other", allowed);
        Assert.DoesNotContain(allowed, name => name.Contains(' ', StringComparison.Ordinal) || name.Contains('(', StringComparison.Ordinal));
        Assert.DoesNotContain("*", allowed);
        Assert.False(answer.Headers.ContainsKey("Access-Control-Allow-Credentials"));
        Assert.False(answer.Headers.ContainsKey("WWW-Authenticate"));
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("https://evil.example.net")]
    [InlineData("http://app.example.com")]
    [InlineData("https://app.example.com:8443")]
    [InlineData("https://APP.example.com")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com.evil.example")]
    [InlineData("https://evil.example/https://app.example.com")]
    [InlineData("null")]
    [InlineData("*")]
    [InlineData("https://app.example.com https://evil.example")]
    [InlineData("https://app.example.com, https://evil.example")]
    public async Task Any_other_origin_is_refused_and_told_nothing_that_a_page_could_read(string origin)
    {
        await using var world = await StartAsync();

        var preflight = await PreflightAsync(world, origin, "authorization");
        var call = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.TryAddWithoutValidation("Origin", origin));

        Assert.All(new[] { preflight, call }, answer =>
        {
            Assert.Equal((403, "origin_not_allowed"), (answer.Status, answer.Reason));
            Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        });
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task An_origin_of_one_server_is_none_of_another()
    {
        await using var world = await StartAsync();

        var answer = await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource), change: request => request.Headers.Add("Origin", App));

        Assert.Equal((403, "origin_not_allowed"), (answer.Status, answer.Reason));
    }

    [Theory]
    [InlineData("chrome-extension://abcdefghijklmnopabcdefghijklmnop")]
    [InlineData("moz-extension://2f1a0b3c-0000-4000-8000-0123456789ab")]
    [InlineData("vscode-webview://1q2w3e4r")]
    [InlineData("app://localhost")]
    [InlineData("tauri://localhost:1420")]
    public async Task Extensions_and_desktop_apps_have_origins_too(string origin)
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["AllowedOrigins"] = new JsonArray(origin));

        var preflight = await PreflightAsync(world, origin, "authorization");
        var call = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.TryAddWithoutValidation("Origin", origin));
        var other = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.TryAddWithoutValidation("Origin", origin + "x"));

        Assert.Equal((204, 200, 403), (preflight.Status, call.Status, other.Status));
        Assert.Equal((origin, origin), (preflight.Headers["Access-Control-Allow-Origin"], call.Headers["Access-Control-Allow-Origin"]));
    }

    [Fact]
    public async Task Two_origins_are_none()
    {
        await using var world = await StartAsync();

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post("/weather", world.WeatherToken(), Messages.Call("echo"), $"Origin: {App}\r\nOrigin: {App}\r\n"));

        Assert.Equal(403, answer.Status);
        Assert.Empty(answer.Values("Access-Control-Allow-Origin"));
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("no token", 401)]
    [InlineData("bad token", 401)]
    [InlineData("body", 400)]
    [InlineData("denied", 403)]
    [InlineData("scope", 403)]
    [InlineData("method", 405)]
    [InlineData("exchange", 503)]
    [InlineData("redirect", 502)]
    [InlineData("refused upstream", 502)]
    [InlineData("unreachable", 502)]
    public async Task Every_refusal_is_readable_by_the_page_that_asked(string kind, int status)
    {
        await using var world = await StartAsync();
        world.As.TokenAnswer = kind != "exchange" ? null : context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        world.Weather.Answer = context =>
        {
            context.Response.Headers["Access-Control-Allow-Origin"] = "*";
            context.Response.Headers.Location = "https://elsewhere.example/";
            context.Response.StatusCode = kind == "redirect" ? 302 : 401;
            if (kind == "unreachable")
            {
                context.Abort();
            }

            return Task.CompletedTask;
        };
        var body = kind switch { "body" => "{", "denied" => Messages.Call("wipe"), "scope" => Messages.Call("delete"), _ => Messages.Call("echo") };
        var token = kind switch { "no token" => null, "bad token" => "x", _ => world.WeatherToken() };

        var answer = await world.Gateway.SendAsync(kind == "method" ? HttpMethod.Put : HttpMethod.Post, "/weather", token, body, request => request.Headers.Add("Origin", App));

        Assert.Equal(status, answer.Status);
        Assert.Equal(App, answer.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("Origin", answer.Headers["Vary"]);
        Assert.Superset(new HashSet<string>(["WWW-Authenticate", "X-Request-Id", "Retry-After"]), answer.Headers["Access-Control-Expose-Headers"].Split(", ").ToHashSet());
        Assert.NotNull(answer.Reason);
    }

    [Fact]
    public async Task The_servers_own_word_on_origins_and_on_what_they_may_read_does_not_count()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = async context =>
        {
            context.Response.Headers["Access-Control-Allow-Origin"] = "*";
            context.Response.Headers["Access-Control-Expose-Headers"] = "X-Rate, Mcp-Session-Id";
            context.Response.Headers.Vary = "Accept-Encoding";
            await context.Response.WriteAsync("{}");
        };

        var page = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.Add("Origin", App));

        Assert.Equal(App, page.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("Accept-Encoding, Origin", page.Headers["Vary"]);
        var exposed = page.Headers["Access-Control-Expose-Headers"].Split(", ").ToHashSet();
        Assert.Superset(new HashSet<string>(["Mcp-Session-Id", "X-Request-Id", "DPoP-Nonce", "WWW-Authenticate", "Retry-After"]), exposed);
        Assert.DoesNotContain("X-Rate", exposed);
        Assert.All(world.Weather.Requests, request => Assert.False(request.Headers.ContainsKey("Origin")));
    }

    [Fact]
    public async Task A_preflight_without_a_headers_list_and_plain_options_are_answered()
    {
        await using var world = await StartAsync();

        var preflight = await PreflightAsync(world, App);
        var plain = await world.Gateway.SendAsync(HttpMethod.Options, "/weather");
        var elsewhere = await PreflightAsync(world, App, path: "/nowhere");

        Assert.Equal((204, App), (preflight.Status, preflight.Headers["Access-Control-Allow-Origin"]));
        Assert.Equal((204, "GET, POST, DELETE, OPTIONS"), (plain.Status, plain.Headers["Allow"]));
        Assert.False(plain.Headers.ContainsKey("Access-Control-Allow-Origin"));
        Assert.Equal(404, elsewhere.Status);
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task Every_page_may_read_the_resource_document()
    {
        await using var world = await StartAsync();
        const string Path = "/.well-known/oauth-protected-resource/weather";

        var document = await world.Gateway.SendAsync(HttpMethod.Get, Path, change: request => request.Headers.Add("Origin", "https://any.example"));
        var preflight = await PreflightAsync(world, "https://any.example", "mcp-protocol-version", Path);
        var post = await world.Gateway.SendAsync(HttpMethod.Post, Path, body: "{}");

        Assert.Equal((200, "*"), (document.Status, document.Headers["Access-Control-Allow-Origin"]));
        Assert.Equal((204, "*", "*"), (preflight.Status, preflight.Headers["Access-Control-Allow-Origin"], preflight.Headers["Access-Control-Allow-Headers"]));
        Assert.Equal((405, "GET, HEAD, OPTIONS"), (post.Status, post.Headers["Allow"]));
    }
}
