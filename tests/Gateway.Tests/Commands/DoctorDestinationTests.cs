using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary><c>doctor</c> passes no destination that refuses the credential or does not speak MCP, and shows what came back.</summary>
public sealed class DoctorDestinationTests
{
    private const string Message = """{"jsonrpc":"2.0","id":1,"result":{}}""";
    private const string Destination = "weather destination ";

    public static TheoryData<string, RequestDelegate, string, string> Failures => new()
    {
        { "403", DoctorRun.Says(403, null, "", response => response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\", scope=\"x\""), "with 403 and the credential: it says Bearer error=\"insufficient_scope\", scope=\"x\"", "upstream_insufficient_scope" },
        { "400", DoctorRun.Says(400, "text/plain", "bad host"), "with 400 and the credential: text/plain, bad host", "refuses the first message" },
        { "422", DoctorRun.Says(422, "application/json", """{"detail":"no"}"""), "with 422 and the credential: application/json, {\"detail\":\"no\"}", "refuses the first message" },
        { "page", DoctorRun.Says(200, "text/html", "<html>welcome</html>"), "with 200 and the credential: text/html, <html>welcome</html>", "does not speak MCP" },
        { "other JSON", DoctorRun.Says(200, "application/json", """{"status":"UP"}"""), "with 200 and the credential: application/json, {\"status\":\"UP\"}", "does not speak MCP" },
        { "broken JSON", DoctorRun.Says(200, "application/json", "<html>"), "with 200 and the credential: application/json, <html>", "does not speak MCP" },
        { "202", DoctorRun.Says(202, null, ""), "with 202 and the credential: no body", "does not speak MCP" },
        { "empty", DoctorRun.Says(200, "application/json", ""), "with 200 and the credential: no body", "does not speak MCP" },
        { "empty stream", DoctorRun.Says(200, "text/event-stream", ""), "with 200 and the credential: no body", "does not speak MCP" },
        { "501", DoctorRun.Says(501, "text/html", "Unsupported method ('POST')"), "answers an initialize with 501", "nothing speaks MCP at this path" },
        { "500", DoctorRun.Says(500, "text/plain", "database is away"), "with 500: text/plain, database is away", "look at its log" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_a_request_would_not_get_through_with_fails_and_is_shown(string mistake, RequestDelegate answer, string shown, string remedy)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = answer;

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 1, mistake + run.Output);
        var line = run.Line("FAIL  " + Destination);
        Assert.Contains(shown, line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", Message, "with 200 and the credential: {\"jsonrpc\":\"2.0\"")]
    [InlineData("text/event-stream", "event: message\ndata: " + Message + "\n\n", "with 200 and the credential: text/event-stream, event: message?data: {\"jsonrpc\"")]
    public async Task What_speaks_mcp_passes_and_is_shown(string type, string body, string shown)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = DoctorRun.Says(200, type, body);

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        Assert.Contains(shown, run.Line("pass  " + Destination), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_stays_open_is_read_to_its_first_event()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: " + Message + "\n\n");
            await context.Response.Body.FlushAsync();
            await UntilLeftAsync(context);
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_begins_is_ended(bool ends)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = async context =>
        {
            if (!HttpMethods.IsDelete(context.Request.Method))
            {
                await DoctorRun.Says(200, "application/json", Message, response => response.Headers["Mcp-Session-Id"] = "s-1")(context);
            }
            else if (!ends)
            {
                context.Abort();
            }
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        var requests = world.Weather.Requests;
        Assert.Equal(["POST", "DELETE"], requests.Select(request => request.Method));
        Assert.Equal("s-1", requests[1].Headers["Mcp-Session-Id"]);
        Assert.Equal(requests[0].Headers["Authorization"], requests[1].Headers["Authorization"]);
    }

    [Fact]
    public async Task A_server_without_initialize_is_asked_what_it_is()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context => (context.Request.Headers["Mcp-Method"] == "server/discover"
            ? DoctorRun.Says(200, "application/json", Message)
            : DoctorRun.Says(400, "application/json", """{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown"}}"""))(context);

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
        Assert.Contains("answers a server/discover with 200 and the credential: {\"jsonrpc\"", run.Line("pass  " + Destination), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_sent_is_not_shown_when_it_comes_back()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context => DoctorRun.Says(200, "text/plain", "you sent " + context.Request.Headers.Authorization)(context);

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.Contains("text/plain, you sent Bearer [redacted]", run.Line("FAIL  " + Destination), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_static_credential_in_a_header_of_its_own_is_one_and_is_not_shown_either()
    {
        var file = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        await File.WriteAllTextAsync(file, "canary-of-the-api-key", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = "credential", ["Header"] = "X-Api-Key", ["File"] = file });
        world.Weather.Answer = context => DoctorRun.Says(401, "text/plain", "no such key: " + context.Request.Headers["X-Api-Key"])(context);

        var run = await DoctorRun.OfAsync(world);
        File.Delete(file);

        Assert.Contains("refuses the credential and says no challenge, text/plain, no such key: [redacted]", run.Line("FAIL  " + Destination), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "text/html")]
    [InlineData(400, "text/plain")]
    [InlineData(401, null)]
    [InlineData(403, null)]
    public async Task Without_a_credential_a_refusal_in_any_form_tells_that_it_is_there(int status, string? type)
    {
        await using var world = await World.StartAsync();
        world.As.TokenAnswer = DoctorRun.Says(400, "application/json", """{"error":"invalid_grant"}""");
        world.Weather.Answer = DoctorRun.Says(status, type, type is null ? "" : "sign in", response => response.Headers.WWWAuthenticate = "Bearer");

        var run = await DoctorRun.OfAsync(world);

        Assert.True(run.Exit == 0, run.Output);
        Assert.Contains($"answers an initialize with {status}: it says Bearer, ", run.Line("pass  " + Destination), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "application/json", Message, true)]
    [InlineData(200, "text/html", "<html>", false)]
    [InlineData(401, null, "", false)]
    public async Task Where_no_credential_is_ever_sent_the_answer_is_that_of_a_request(int status, string? type, string body, bool passes)
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = "none" });
        world.Weather.Answer = DoctorRun.Says(status, type, body);

        var run = await DoctorRun.OfAsync(world);

        Assert.True(run.Exit == (passes ? 0 : 1), run.Output);
        run.Line((passes ? "pass  " : "FAIL  ") + Destination);
    }

    [Theory]
    [InlineData(200, "text/event-stream", "event: endpoint\ndata: /message?sessionId=1\n\n", "pass", "answers a GET of its /sse with 200 and the credential: text/event-stream, event: endpoint")]
    [InlineData(200, "text/event-stream", ": hello\n\nevent: endpoint\ndata: message?sessionId=1\n\n", "pass", "with 200 and the credential")]
    [InlineData(200, "text/event-stream", "event: endpoint\ndata: http://elsewhere.example.com/message\n\n", "FAIL", "announces the endpoint http://elsewhere.example.com/message, which lies outside the destination")]
    [InlineData(200, "text/event-stream", "data: {}\n\n", "FAIL", "begins with an event 'endpoint'")]
    [InlineData(200, "text/event-stream", "", "FAIL", "begins with an event 'endpoint'")]
    [InlineData(200, "text/html", "<html>welcome</html>", "FAIL", "begins with an event 'endpoint'")]
    [InlineData(200, "application/json", Message, "FAIL", "begins with an event 'endpoint'")]
    [InlineData(404, null, "", "FAIL", "answers a GET of its /sse with 404. Hint: no stream of HTTP+SSE is at this path")]
    [InlineData(405, null, "", "FAIL", "answers a GET of its /sse with 405. Hint: no stream of HTTP+SSE is at this path")]
    [InlineData(401, null, "", "FAIL", "it refuses the credential")]
    [InlineData(500, "text/plain", "database is away", "FAIL", "look at its log")]
    public async Task A_server_of_http_and_sse_has_a_stream_that_announces_its_endpoint(int status, string? type, string body, string outcome, string shown)
    {
        await using var world = await WithStreamAsync();
        world.Weather.Answer = DoctorRun.Says(status, type, body);

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == (outcome == "pass" ? 0 : 1), run.Output);
        Assert.Contains(shown, run.Line($"{outcome}  " + Destination), StringComparison.Ordinal);
        var asked = Assert.Single(world.Weather.Requests);
        Assert.Equal(("GET", "/sse"), (asked.Method, asked.Path));
    }

    [Fact]
    public async Task Its_stream_is_read_until_the_endpoint_came_and_no_longer()
    {
        await using var world = await WithStreamAsync();
        world.Weather.Answer = async context =>
        {
            await DoctorRun.Says(200, "text/event-stream", "event: endpoint\ndata: /message?sessionId=1\n\n")(context);
            await context.Response.Body.FlushAsync();
            await UntilLeftAsync(context);
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 0, run.Output);
    }

    [Fact]
    public async Task A_stream_without_end_that_announces_nothing_is_read_within_a_bound()
    {
        await using var world = await WithStreamAsync();
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(": hello\n\n");
            }
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 1, run.Output);
        run.Line("FAIL  " + Destination);
    }

    private static async Task UntilLeftAsync(HttpContext context)
    {
        var left = new TaskCompletionSource();
        await using var _ = context.RequestAborted.Register(left.SetResult);
        await left.Task;
    }

    private static Task<World> WithStreamAsync() => World.StartAsync(options =>
    {
        var weather = options["Servers"]!["weather"]!;
        weather["Transport"] = "http+sse";
        weather["Destinations"] = new JsonArray(weather["Destinations"]![0]!.GetValue<string>().Replace("/mcp", "", StringComparison.Ordinal));
    });
}
