using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>The audit of real requests: each field of the contract with its name, its type and what it says.</summary>
public sealed class AuditTests
{
    private static readonly string[] Fields =
    [
        "time", "event", "reason", "category", "detail", "request_id", "trace_id", "server", "resource", "presented_audience", "issuer", "subject",
        "client_id", "actors", "token_id", "proof", "approval", "client_address", "user_agent", "method", "operation", "outbound_audience", "outbound_token_id",
        "outbound_expires", "exchange", "upstream_status", "policy", "status",
    ];

    [Fact]
    public async Task An_allowed_request_says_who_sent_which_token_and_what_went_on_instead()
    {
        await using var world = await World.StartAsync();
        const string TraceId = "0af7651916cd43dd8448eb211c80319c";
        var token = world.WeatherToken((_, payload) =>
        {
            payload["jti"] = "inbound-1";
            payload["act"] = new JsonObject { ["sub"] = "agent-1", ["act"] = new JsonObject { ["sub"] = "agent-2" } };
        });

        var answer = await world.Gateway.CallAsync("/weather", token, change: request =>
        {
            request.Headers.TryAddWithoutValidation("traceparent", $"00-{TraceId}-b7ad6b7169203331-01");
            request.Headers.UserAgent.ParseAdd("client/1.0");
        });

        Assert.Equal(200, answer.Status);
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(Fields, line.Select(field => field.Key));
        var inbound = TokenReader.PayloadOf(token);
        var outbound = TokenReader.PayloadOf(world.Weather.Requests[0].Token!);
        Assert.Equal("mcp.request.allowed", Text(line, "event"));
        Assert.Equal((null, null, null), (Text(line, "reason"), Text(line, "category"), Text(line, "detail")));
        Assert.Equal(world.Weather.Requests[0].Headers["X-Request-Id"], Text(line, "request_id"));
        Assert.Equal(TraceId, Text(line, "trace_id"));
        Assert.Equal(("weather", World.WeatherResource), (Text(line, "server"), Text(line, "resource")));
        Assert.Equal([World.WeatherResource], Texts(line, "presented_audience"));
        Assert.Equal((world.As.Issuer, inbound["sub"]!.ToString()), (Text(line, "issuer"), Text(line, "subject")));
        Assert.Equal((inbound["client_id"]!.ToString(), "inbound-1"), (Text(line, "client_id"), Text(line, "token_id")));
        Assert.Equal(["agent-1", "agent-2"], Texts(line, "actors"));
        Assert.Equal(("127.0.0.1", "client/1.0"), (Text(line, "client_address"), Text(line, "user_agent")));
        Assert.Equal(("tools/call", "echo"), (Text(line, "method"), Text(line, "operation")));
        Assert.Equal((world.Weather.Url, outbound["jti"]!.ToString()), (Text(line, "outbound_audience"), Text(line, "outbound_token_id")));
        Assert.Equal(outbound["exp"]!.GetValue<long>(), DateTimeOffset.Parse(Text(line, "outbound_expires")!, null).ToUnixTimeSeconds());
        Assert.Equal("issued", Text(line, "exchange"));
        Assert.Equal(JsonValueKind.Number, line["status"]!.GetValueKind());
        Assert.Equal(200, line["status"]!.GetValue<int>());
        Assert.EndsWith("Z", Text(line, "time"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_from_the_cache_is_told_as_a_hit_with_the_same_token_id()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();

        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/weather", token);

        Assert.Equal(["issued", "hit"], world.Gateway.Audit.Select(line => Text(line, "exchange")));
        Assert.Single(world.Gateway.Audit.Select(line => Text(line, "outbound_token_id")).Distinct());
    }

    [Fact]
    public async Task Refusals_before_the_signature_was_verified_say_nothing_that_the_token_said()
    {
        await using var world = await World.StartAsync();
        var forged = TokenForge.AccessToken(TestKeys.Stranger, world.As.Issuer, World.WeatherResource, world.As.Clock.GetUtcNow(), (header, _) => header["kid"] = TestKeys.Es256.Kid);

        await world.Gateway.CallAsync("/weather", forged);

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(Fields, line.Select(field => field.Key));
        Assert.Equal(("mcp.request.refused", "signature_invalid", "authentication", 401), (Text(line, "event"), Text(line, "reason"), Text(line, "category"), line["status"]!.GetValue<int>()));
        Assert.All(
            new[] { "presented_audience", "issuer", "subject", "client_id", "actors", "token_id", "outbound_audience", "outbound_token_id", "outbound_expires" },
            field => Assert.Null(line[field]));
        Assert.Equal("none", Text(line, "exchange"));
    }

    [Fact]
    public async Task A_token_of_another_server_is_told_with_both_audiences_and_its_owner()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken((_, payload) => payload["jti"] = "inbound-2");

        await world.Gateway.CallAsync("/notes", token);

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("audience_invalid", "authorization"), (Text(line, "reason"), Text(line, "category")));
        Assert.Equal(("notes", World.NotesResource), (Text(line, "server"), Text(line, "resource")));
        Assert.Equal([World.WeatherResource], Texts(line, "presented_audience"));
        Assert.Equal((TokenReader.PayloadOf(token)["sub"]!.ToString(), "inbound-2"), (Text(line, "subject"), Text(line, "token_id")));
        Assert.Null(line["outbound_token_id"]);
    }

    [Fact]
    public async Task A_rejected_result_is_told_with_its_detail_and_without_an_outbound_token()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => payload["aud"] = World.NotesResource;

        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("exchange_result_rejected", "dependency"), (Text(line, "reason"), Text(line, "category")));
        Assert.StartsWith("result_", Text(line, "detail"), StringComparison.Ordinal);
        Assert.Equal([World.WeatherResource], Texts(line, "presented_audience"));
        Assert.Null(line["outbound_token_id"]);
    }

    [Theory]
    [InlineData("no token", "token_missing", "authentication")]
    [InlineData("garbage", "malformed", "authentication")]
    [InlineData("basic", "token_missing", "authentication")]
    [InlineData("empty", "credentials_malformed", "authentication")]
    [InlineData("query", "multiple_credentials", "authentication")]
    [InlineData("origin", "origin_not_allowed", "authorization")]
    [InlineData("body", "body_invalid", "request")]
    [InlineData("path", "not_found", "request")]
    [InlineData("method", "method_not_allowed", "request")]
    [InlineData("authorization server down", "exchange_unavailable", "dependency")]
    [InlineData("target", "exchange_target_refused", "authorization")]
    [InlineData("subject", "exchange_subject_refused", "authentication")]
    public async Task Each_kind_of_refusal_has_one_line_with_its_category(string how, string reason, string category)
    {
        await using var world = await World.StartAsync();
        world.As.TokenAnswer = how switch
        {
            "authorization server down" => Refuse(503, "{}"),
            "target" => Refuse(400, """{"error":"invalid_target"}"""),
            "subject" => Refuse(400, """{"error":"invalid_grant"}"""),
            _ => null,
        };
        var token = how switch { "no token" or "basic" or "empty" => null, "garbage" => "garbage", _ => world.WeatherToken() };
        var path = how switch { "query" => "/weather?access_token=x", "path" => "/nowhere", _ => "/weather" };

        var answer = await world.Gateway.SendAsync(how == "method" ? HttpMethod.Put : HttpMethod.Post, path, token, how == "body" ? "{" : Messages.Call("echo"), request =>
        {
            _ = how switch
            {
                "basic" => request.Headers.TryAddWithoutValidation("Authorization", "Basic YTpi"),
                "empty" => request.Headers.TryAddWithoutValidation("Authorization", "Bearer "),
                "origin" => request.Headers.TryAddWithoutValidation("Origin", "https://evil.example.com"),
                _ => true,
            };
        });

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(reason, Text(line, "reason"));
        Assert.Equal(category, Text(line, "category"));
        Assert.Equal(answer.Status, line["status"]!.GetValue<int>());
        Assert.Equal(answer.Headers["X-Request-Id"], Text(line, "request_id"));
    }

    [Fact]
    public async Task Documents_and_probes_are_no_requests_of_anybody_and_have_no_line()
    {
        await using var world = await World.StartAsync();

        await world.Gateway.SendAsync(HttpMethod.Get, "/healthz/live");
        await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource/weather");

        Assert.Empty(world.Gateway.Audit);
    }

    [Fact]
    public async Task A_caller_cannot_write_a_second_line_or_hide_text_in_one()
    {
        await using var world = await World.StartAsync();

        await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("echo\\n{\\\"event\\\":\\\"mcp.request.allowed\\\"}\\u001b[2J\\u202e"));

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal("echo\n{\"event\":\"mcp.request.allowed\"}\u001b[2J\u202e", Text(line, "operation"));
        Assert.All(line.ToJsonString(), character => Assert.InRange(character, ' ', '~'));
    }

    [Fact]
    public async Task The_file_gets_the_same_lines_as_the_log()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-audit-");
        try
        {
            var file = Path.Combine(directory.FullName, "audit.jsonl");
            IReadOnlyList<JsonObject> logged;
            await using (var world = await World.StartAsync(options => options["Audit"] = new JsonObject { ["File"] = file }))
            {
                await world.Gateway.CallAsync("/weather", world.WeatherToken());
                await world.Gateway.CallAsync("/weather", null);
                logged = world.Gateway.Audit;
            }

            Assert.Equal(logged.Select(line => line.ToJsonString()), (await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)).Select(line => JsonNode.Parse(line)!.ToJsonString()));
            Assert.Equal(2, logged.Count);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static RequestDelegate Refuse(int status, string body) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    };

    private static string? Text(JsonObject line, string field) => line[field]?.GetValue<string>();

    private static IEnumerable<string> Texts(JsonObject line, string field) => line[field]!.AsArray().Select(item => item!.GetValue<string>());
}
