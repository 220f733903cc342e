using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>Whatever an authorization server answers, nothing is sent but with a verified token for this very server.</summary>
public sealed class ExchangeRefusalTests
{
    [Theory]
    [InlineData("""{"Audience":"api://Weather"}""", "api://Weather")]
    [InlineData("""{"Audience":"https://Weather.Internal:443/MCP"}""", "https://Weather.Internal:443/MCP")]
    [InlineData("""{"Audience":"weather","ResultAudiences":["api://Weather"]}""", "api://Weather")]
    public async Task An_audience_is_compared_as_it_was_sent(string outbound, string returned)
    {
        await using var world = await World.StartAsync(options =>
        {
            foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse(outbound)!.AsObject())
            {
                options["Servers"]!["weather"]!["Outbound"]![name] = value!.DeepClone();
            }
        });
        world.As.ChangeToken = (_, payload) => payload["aud"] = returned;

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        world.As.ChangeToken = (_, payload) => payload["aud"] = returned.ToUpperInvariant();
        Assert.Equal("exchange_result_rejected", (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["jti"] = "another"))).Reason);
    }

    private const string Rejected = "exchange_result_rejected";
    private const string Misconfigured = "exchange_misconfigured";
    private const string Unavailable = "exchange_unavailable";

    private static readonly ExchangeCase[] Cases =
    [
        Token("for the requester", "result_audience", p => p["aud"] = "mcp-gateway"),
        Token("for another server", "result_audience", p => p["aud"] = "http://127.0.0.1:1/mcp"),
        Token("with an extra audience", "result_audience_extra", p => p["aud"] = new JsonArray(p["aud"]!.DeepClone(), "https://elsewhere.example")),
        Token("without an audience", "result_audience", p => p.Remove("aud")),
        Token("for the gateway itself", "result_boomerang", p => p["aud"] = World.WeatherResource),
        Token("for another server of the gateway", "result_boomerang", p => p["aud"] = new JsonArray(p["aud"]!.DeepClone(), World.NotesResource)),
        Token("of another subject", "result_subject", p => p["sub"] = "bob"),
        Token("without a subject", "result_subject", p => p.Remove("sub")),
        Token("with a wider scope", "result_scope", p => p["scope"] = "mcp:read mcp:write admin"),
        Token("of another issuer", "result_issuer", p => p["iss"] = "https://other.example"),
        Token("for a year", "result_lifetime", p => p["exp"] = p["exp"]!.GetValue<long>() + 31_536_000),
        Token("expired", "result_lifetime", p => p["exp"] = p["iat"]!.GetValue<long>() - 600),
        Token("with a foreign actor", "result_actor", p => p["act"] = new JsonObject { ["sub"] = "somebody" }),
        Answer("opaque", "result_shape", a => a["access_token"] = "opaque"),
        Answer("line break in the token", "result_shape", a => a["access_token"] = a["access_token"]!.GetValue<string>() + "\r\nX-Evil: 1"),
        Answer("token type N_A", "result_shape", a => a["token_type"] = "N_A"),
        Answer("token type DPoP", "result_shape", a => a["token_type"] = "DPoP"),
        Answer("another issued type", "result_shape", a => a["issued_token_type"] = "urn:ietf:params:oauth:token-type:id_token"),
        Answer("no issued type", "result_shape", a => a.Remove("issued_token_type")),
        Answer("expires_in 0", "result_shape", a => a["expires_in"] = 0),
        Answer("expires_in -1", "result_shape", a => a["expires_in"] = -1),
        Answer("expires_in 10^12", "result_shape", a => a["expires_in"] = 1_000_000_000_000),
        Answer("expires_in as text", "result_shape", a => a["expires_in"] = "300"),
        Answer("a wider scope in the answer", "result_scope", a => a["scope"] = "mcp:read mcp:write admin"),
        new("the subject token echoed back", 502, Rejected, "result_boomerang", world => world.As.ChangeAnswer = answer => answer["access_token"] = world.As.Exchanges[0]["subject_token"]),
        Error("invalid_grant", 400, """{"error":"invalid_grant"}""", 401, "exchange_subject_refused"),
        Error("invalid_target", 400, """{"error":"invalid_target"}""", 403, "exchange_target_refused"),
        Error("access_denied", 403, """{"error":"access_denied"}""", 403, "exchange_target_refused"),
        Error("invalid_scope", 400, """{"error":"invalid_scope"}""", 403, "exchange_target_refused"),
        Error("invalid_client", 401, """{"error":"invalid_client"}""", 502, Misconfigured),
        Error("unauthorized_client", 400, """{"error":"unauthorized_client"}""", 502, Misconfigured),
        Error("a page of HTML", 200, "<html>canary-text</html>", 502, null),
        Error("500", 500, "canary-text", 503, Unavailable),
        Error("429", 429, "", 503, Unavailable),
        Error("an error text with a line break", 400, """{"error":"invalid_grant","error_description":"canary-text\r\nSet-Cookie: a=b"}""", 401, "exchange_subject_refused"),
        new("a redirect", 502, Misconfigured, null, world => world.As.TokenAnswer = context =>
        {
            context.Response.Redirect(world.As.Issuer + "/elsewhere");
            return Task.CompletedTask;
        }),
    ];

    public static TheoryData<string> Names => [.. Cases.Select(@case => @case.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_sent_after_an_answer_that_is(string name)
    {
        var @case = Cases.Single(candidate => candidate.Name == name);
        await using var world = await World.StartAsync();
        @case.Arrange(world);
        var token = world.WeatherToken();

        var answer = await world.Gateway.CallAsync("/weather", token);

        Assert.Equal(@case.Status, answer.Status);
        var line = Assert.Single(world.Gateway.Audit);
        if (@case.Reason is not null)
        {
            Assert.Equal(@case.Reason, answer.Reason);
        }

        if (@case.Detail is not null)
        {
            Assert.Equal(@case.Detail, line["detail"]!.GetValue<string>());
        }

        Assert.Equal(answer.Reason, line["reason"]!.GetValue<string>());
        Assert.Equal(@case.Status switch { 403 => "authorization", 401 => "authentication", _ => "dependency" }, line["category"]!.GetValue<string>());
        Assert.Equal(@case.Status == 401, answer.Challenge is not null);
        Assert.Equal(@case.Status == 503, answer.Headers.ContainsKey("Retry-After"));
        Assert.NotEmpty(world.As.Exchanges);
        world.AssertNothingWasForwarded();
        var said = world.Gateway.Log + answer.Body + string.Join(' ', answer.Headers.Values);
        Assert.DoesNotContain(token, said, StringComparison.Ordinal);
        Assert.DoesNotContain(World.Secret, said, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-text", said, StringComparison.Ordinal);
        Assert.DoesNotContain("internal_error", said, StringComparison.Ordinal);
    }

    private static ExchangeCase Token(string name, string detail, Action<JsonObject> change) =>
        new("a token " + name, 502, Rejected, detail, world => world.As.ChangeToken = (_, payload) => change(payload));

    private static ExchangeCase Answer(string name, string detail, Action<JsonObject> change) =>
        new(name, 502, Rejected, detail, world => world.As.ChangeAnswer = change);

    private static ExchangeCase Error(string name, int given, string body, int status, string? reason) =>
        new(name, status, reason, null, world => world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = given;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(body);
        });

    private sealed record ExchangeCase(string Name, int Status, string? Reason, string? Detail, Action<World> Arrange);
}
