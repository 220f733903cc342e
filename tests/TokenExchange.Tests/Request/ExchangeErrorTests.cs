using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Profiles;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>What each product's errors mean, in its own spelling.</summary>
public sealed class ExchangeErrorTests
{
    public static TheoryData<string, int, string, string?, ExchangeError> Errors => new()
    {
        { "rfc8693", 400, "invalid_request", "the subject_token is not valid", ExchangeError.SubjectRefused },
        { "rfc8693", 400, "invalid_grant", null, ExchangeError.SubjectRefused },
        { "rfc8693", 400, "invalid_target", null, ExchangeError.TargetRefused },
        { "rfc8693", 400, "invalid_scope", null, ExchangeError.TargetRefused },
        { "rfc8693", 403, "access_denied", null, ExchangeError.TargetRefused },
        { "rfc8693", 401, "invalid_client", "Audience not found", ExchangeError.Misconfigured },
        { "rfc8693", 400, "unauthorized_client", null, ExchangeError.Misconfigured },
        { "rfc8693", 400, "unsupported_grant_type", null, ExchangeError.Misconfigured },
        { "rfc8693", 400, "something_new", null, ExchangeError.Misconfigured },
        { "rfc8693", 404, "invalid_grant", null, ExchangeError.SubjectRefused },
        { "keycloak", 400, "invalid_request", "Invalid token", ExchangeError.SubjectRefused },
        { "keycloak", 400, "invalid_client", "Audience not found", ExchangeError.TargetRefused },
        { "keycloak", 400, "invalid_client", "Client disabled", ExchangeError.TargetRefused },
        { "keycloak", 400, "invalid_request", "Requested audience not available: weather", ExchangeError.TargetRefused },
        { "keycloak", 403, "access_denied", "Client is not within the token audience", ExchangeError.TargetRefused },
        { "keycloak", 400, "invalid_request", "Standard token exchange is not enabled for the requested client", ExchangeError.Misconfigured },
        { "keycloak", 401, "invalid_client", "Invalid client or Invalid client credentials", ExchangeError.Misconfigured },
        { "keycloak", 400, "invalid_scope", "Invalid scopes: nope", ExchangeError.TargetRefused },
        { "entra-obo", 400, "invalid_grant", "AADSTS500133: Assertion is not within its valid time range.", ExchangeError.SubjectRefused },
        { "entra-obo", 400, "invalid_grant", "AADSTS50013: Assertion failed signature validation.", ExchangeError.SubjectRefused },
        { "entra-obo", 400, "invalid_grant", "AADSTS65001: The user or administrator has not consented.", ExchangeError.InteractionRequired },
        { "entra-obo", 400, "interaction_required", "AADSTS50076: multi-factor authentication.", ExchangeError.InteractionRequired },
        { "entra-obo", 400, "invalid_resource", "AADSTS500011: The resource principal was not found.", ExchangeError.TargetRefused },
        { "entra-obo", 400, "invalid_scope", "AADSTS70011", ExchangeError.TargetRefused },
        { "entra-obo", 401, "invalid_client", "AADSTS7000215: Invalid client secret provided.", ExchangeError.Misconfigured },
        { "entra-obo", 400, "invalid_request", "AADSTS90002: Tenant not found.", ExchangeError.Misconfigured },
        { "okta", 400, "invalid_grant", "subject token is invalid", ExchangeError.SubjectRefused },
        { "okta", 400, "access_denied", "Policy evaluation failed for this request", ExchangeError.TargetRefused },
        { "auth0-obo", 400, "invalid_request", "actor chain too deep", ExchangeError.SubjectRefused },
        { "auth0-obo", 403, "access_denied", null, ExchangeError.TargetRefused },
        { "zitadel", 400, "invalid_target", null, ExchangeError.TargetRefused },
        { "zitadel", 400, "invalid_request", "subject_token invalid", ExchangeError.SubjectRefused },
        { "authentik", 400, "invalid_grant", null, ExchangeError.SubjectRefused },
        { "authentik", 400, "invalid_target", null, ExchangeError.TargetRefused },
        { "openiddict", 400, "invalid_grant", "not allowed to use the subject token", ExchangeError.SubjectRefused },
        { "openiddict", 400, "invalid_target", null, ExchangeError.TargetRefused },
        { "spring", 400, "invalid_grant", null, ExchangeError.SubjectRefused },
        { "spring", 400, "unsupported_token_type", null, ExchangeError.Misconfigured },
        { "tokendings", 400, "invalid_request", "invalid subject_token: token verification failed: expired", ExchangeError.SubjectRefused },
        { "tokendings", 400, "invalid_request", "token verification failed: JWT aud claim", ExchangeError.Misconfigured },
        { "tokendings", 400, "invalid_client", "client not registered", ExchangeError.Misconfigured },
        { "id-jag", 400, "invalid_grant", null, ExchangeError.SubjectRefused },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Each_documented_error_is_understood(string profile, int status, string code, string? description, ExchangeError expected)
    {
        await using var exchange = new Exchange(profile);

        var refused = Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync(StubAnswer.Error(status, code, description)));

        Assert.Equal(expected, refused.Error);
    }

    [Theory]
    [InlineData("temporarily_unavailable")]
    [InlineData("server_error")]
    public async Task An_outage_told_by_a_code_is_an_outage(string code)
    {
        await using var exchange = new Exchange();

        Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync(StubAnswer.Error(400, code)));
    }

    [Theory]
    [InlineData("""{"error":"the-token <b>\n</b>","error_description":"the-token"}""")]
    [InlineData("""{"error":"invalid_grant","error_description":"the-token <script>\r\nX: y"}""")]
    [InlineData("""{"error":{"code":"the-token"}}""")]
    [InlineData("<html>the-token</html>")]
    [InlineData("{}")]
    public async Task No_text_of_the_server_gets_out(string body)
    {
        await using var exchange = new Exchange { Subject = Subjects.Token(value: "the-token") };

        var refused = Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync(StubAnswer.Json(400, body)));

        Assert.DoesNotContain("the-token", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('<', refused.ToString());
        Assert.Matches("^[a-z_' A-Z]+$", refused.Diagnostic);
    }

    [Fact]
    public async Task A_claims_challenge_is_written_anew()
    {
        Assert.Equal("""{"access_token":{"acrs":{"essential":true,"value":"c1"}}}""", await ChallengeAsync("""  { "access_token" : {"acrs":{"essential":true,"value":"\u0063\u0031"}} } """));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("")]
    public async Task A_claims_challenge_that_is_not_one_object_is_dropped(string claims) => Assert.Null(await ChallengeAsync(claims));

    [Fact]
    public async Task A_claims_challenge_of_more_than_4_KiB_is_dropped()
    {
        Assert.NotNull(await ChallengeAsync($$"""{"a":"{{new string('x', 4000)}}"}"""));
        Assert.Null(await ChallengeAsync($$"""{"a":"{{new string('x', 4096)}}"}"""));
        Assert.Null(await ChallengeAsync($$"""{"a":"{{new string('ü', 1000)}}"}"""));
    }

    [Fact]
    public async Task Unknown_audience_at_Keycloak_is_not_held_against_the_client()
    {
        await using var exchange = new Exchange("keycloak");
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_client", "Audience not found"));

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync(StubAnswer.Token(exchange.Token())));
    }

    [Fact]
    public void Profiles_know_what_is_usual_at_their_product()
    {
        Assert.Equal(["at+jwt"], ExchangeProfile.Find("rfc8693")!.TokenTypes);
        Assert.All(["keycloak", "entra-obo", "auth0-obo", "okta"], name => Assert.Equal(["at+jwt", "JWT"], ExchangeProfile.Find(name)!.TokenTypes));
        Assert.Equal(["oid", "tid"], ExchangeProfile.Find("entra-obo")!.SubjectClaims);
        Assert.Equal(new TimeSpan(1, 35, 0), ExchangeProfile.Find("entra-obo")!.MaxLifetime);
        Assert.Equal("email openid profile", ExchangeProfile.Find("keycloak")!.ExtraResultScopes.ToString());
        Assert.Equal(["https://acme.auth0.com/userinfo"], ExchangeProfile.Find("auth0-obo")!.CompanionAudiences("https://acme.auth0.com/"));
        Assert.Equal(["id-jag", "tokendings"], ExchangeProfile.Names.Where(name => ExchangeProfile.Find(name)!.TakesForeignSubjects));
        Assert.Equal(13, ExchangeProfile.Names.Length);
        Assert.Null(ExchangeProfile.Find("Keycloak"));
    }

    private static async Task<string?> ChallengeAsync(string claims)
    {
        await using var exchange = new Exchange("entra-obo");
        var result = await exchange.RunAsync(StubAnswer.Error(400, "interaction_required", "AADSTS50076", new JsonObject { ["claims"] = claims }));
        var refused = Assert.IsType<ExchangeResult.Refused>(result);
        Assert.Equal(ExchangeError.InteractionRequired, refused.Error);
        return refused.Claims;
    }
}
