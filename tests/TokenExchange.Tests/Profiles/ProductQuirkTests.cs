using System.Text.Json.Nodes;
using Harness;
using Harness.Products;
using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Profiles;

/// <summary>
/// What products do differently when they succeed: admitted where a profile says so, and under no other. The column
/// "elsewhere" is the same answer to a gateway that is configured for <c>rfc8693</c>.
/// </summary>
public sealed class ProductQuirkTests
{
    private static readonly Row[] Table =
    [
        new("keycloak", "adds openid, profile and email", null, ResultRejection.Scope, _ => { }),
        new("keycloak", "adds a default scope of the realm's own", ResultRejection.Scope, ResultRejection.Scope, e => e.Product.ChangeResult = claims => claims["scope"] += " groups"),
        new("keycloak", "stamps typ JWT and payload typ Bearer", null, ResultRejection.Scope, e => e.Product.ChangeResult = claims => Assert.Equal("Bearer", (string?)claims["typ"])),
        new("keycloak", "loses the subject token and answers for the service account", ResultRejection.Subject, ResultRejection.Subject, e => e.Product.ChangeResult = claims => claims["sub"] = "service-account-mcp-gateway"),
        new("keycloak", "adds account to the audience", ResultRejection.AudienceExtra, ResultRejection.AudienceExtra, e => e.Product.ChangeResult = claims => claims["aud"] = new JsonArray("weather", "account")),
        new("entra-obo", "leaves issued_token_type out", null, ResultRejection.Shape, _ => { }),
        new("entra-obo", "lives 90 minutes", null, ResultRejection.Shape, e => ((Entra)e.Product).Lifetime = 90 * 60),
        new("entra-obo", "lives 100 minutes", ResultRejection.Lifetime, ResultRejection.Shape, e => ((Entra)e.Product).Lifetime = 100 * 60),
        new("entra-obo", "is about another user of the tenant", ResultRejection.Subject, ResultRejection.Shape, e => e.Product.ChangeResult = claims => claims["oid"] = "somebody-else"),
        new("entra-obo", "is about the same oid in another tenant", ResultRejection.Subject, ResultRejection.Shape, e => e.Product.ChangeResult = claims => claims["tid"] = "another-tenant"),
        new("entra-obo", "grants all that was consented to", ResultRejection.Scope, ResultRejection.Shape, e => e.Product.ChangeResult = claims => claims["scp"] = "weather.read weather.admin"),
        new("entra-obo", "repeats in the answer what was asked for beside what it stands for", null, ResultRejection.Shape, e => e.Product.Answering = (_, answer) => Containing(answer, "api://weather/.default")),
        new("entra-obo", "repeats what was asked for of another target", ResultRejection.Scope, ResultRejection.Shape, e => e.Product.Answering = (_, answer) => StubAnswer.Bytes(answer.Text.Replace("api://weather/.default", "api://another/.default", StringComparison.Ordinal))),
        new("auth0-obo", "nests the client below us in act", null, null, _ => { }),
        new("auth0-obo", "lives a day", ResultRejection.Lifetime, ResultRejection.Lifetime, e => ((Auth0)e.Product).Lifetime = 86_400),
        new("auth0-obo", "names another service as the actor", ResultRejection.Actor, ResultRejection.Actor, e => e.Product.ChangeResult = claims => claims["act"] = new JsonObject { ["sub"] = "another-service", ["act"] = new JsonObject { ["sub"] = Product.Gateway } }),
        new("okta", "stamps no typ and lists scopes in scp", null, null, _ => { }),
        new("okta", "grants a scope more", ResultRejection.Scope, ResultRejection.Scope, e => e.Product.ChangeResult = claims => claims["scp"] = new JsonArray("weather.read", "weather.admin")),
        new("zitadel", "calls the result a JWT, and is opaque unless asked for one", null, ResultRejection.Shape, _ => { }),
        new("zitadel", "lives twelve hours", ResultRejection.Lifetime, ResultRejection.Shape, e => ((Zitadel)e.Product).Lifetime = 12 * 3600),
        new("authentik", "has the target's provider sign", null, null, _ => { }),
        new("authentik", "has the target's provider sign, and nobody was told", ResultRejection.Issuer, ResultRejection.Issuer, e => e.ResultIssuerConfigured = false),
        new("openiddict", "lives exactly an hour", null, null, _ => { }),
        new("spring", "with a customizer, honours the target", null, null, _ => { }),
        new("spring", "without one, is for the requester", ResultRejection.Audience, ResultRejection.Audience, e => e.Product.ChangeResult = claims => claims["aud"] = Product.Gateway),
        new("spring", "without one, writes scope as a list", ResultRejection.Shape, ResultRejection.Shape, e => ((Spring)e.Product).Customized = false),
        new("spring", "gives all that the subject has when nothing is asked for", ResultRejection.Scope, ResultRejection.Scope, e => e.Scopes = ""),
        new("tokendings", "copies the subject's claims", null, null, e => e.Product.ChangeResult = claims => Assert.Equal("Level4", (string?)claims["acr"])),
        new("tokendings", "copies the subject's scopes, more than were asked for", ResultRejection.Scope, ResultRejection.Scope, e => e.Subject = e.Token("wide", claims => claims["scope"] = "weather.read weather.admin")),
        new("tokendings", "copies the subject's actor", null, null, e => e.Subject = e.Token("acted", claims => claims["act"] = new JsonObject { ["sub"] = "agent" })),
        new("id-jag", "answers N_A first and without issued_token_type then", null, ResultRejection.Shape, _ => { }),
        new("rfc8693", "is bound to a certificate (RFC 8705)", ResultRejection.Confirmation, ResultRejection.Confirmation, e => e.Product.ChangeResult = claims => claims["cnf"] = new JsonObject { ["x5t#S256"] = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        new("rfc8693", "is bound to a key (RFC 9449)", ResultRejection.Confirmation, ResultRejection.Confirmation, e => e.Product.ChangeResult = claims => claims["cnf"] = new JsonObject { ["jkt"] = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
    ];

    public static TheoryData<string, string> Rows => [.. Table.Select(row => (row.Profile, row.Quirk))];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_quirk_is_admitted_where_its_profile_says_so(string profile, string quirk) => await AssertAsync(profile, quirk, profile, row => row.Here);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task The_same_answer_is_judged_without_leniency_under_rfc8693(string profile, string quirk) => await AssertAsync(profile, quirk, "rfc8693", row => row.Elsewhere);

    /// <summary>Each of Entra's leniencies is needed: what is refused when the others are given one by one.</summary>
    [Theory]
    [InlineData(false, false, false, ResultRejection.Shape)]
    [InlineData(true, false, false, ResultRejection.Subject)]
    [InlineData(true, true, false, ResultRejection.Lifetime)]
    [InlineData(true, true, true, ResultRejection.Scope)]
    public async Task Entra_needs_every_leniency_of_its_profile(bool omits, bool claims, bool lifetime, ResultRejection expected)
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile["entra-obo"], "rfc8693");
        exchange.Product.TakesAnything = true;
        exchange.Settings = exchange.Settings with { AllowMissingIssuedTokenType = omits };
        exchange.Target = exchange.Target with
        {
            SubjectClaims = claims ? ["oid", "tid"] : ["sub"],
            MaxLifetime = TimeSpan.FromMinutes(lifetime ? 95 : 60),
        };

        Assert.Equal(expected, Assert.IsType<ExchangeResult.Rejected>(await exchange.RunAsync()).Detail);
    }

    [Fact]
    public async Task A_refresh_token_in_an_answer_is_not_kept_anywhere()
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile["entra-obo"]);

        var issued = Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());

        Assert.Contains("1.AXoA-refresh", exchange.Product.Answers[0], StringComparison.Ordinal);
        Assert.DoesNotContain("AXoA", issued.Token.AuthorizationHeader, StringComparison.Ordinal);
        Assert.Equal("weather.read", issued.Token.Scopes.ToString());
    }

    private static async Task AssertAsync(string profile, string quirk, string configured, Func<Row, ResultRejection?> expected)
    {
        var row = Table.Single(one => one.Profile == profile && one.Quirk == quirk);
        await using var exchange = new ProductExchange(ProductList.ByProfile[profile], configured);
        exchange.Product.TakesAnything = configured != profile;
        row.Arrange(exchange);

        var result = await exchange.RunAsync();

        Assert.Equal(expected(row), result is ExchangeResult.Rejected rejected ? rejected.Detail : null);
        Assert.True(result is ExchangeResult.Rejected or ExchangeResult.Issued, result.ToString());
    }

    private static StubAnswer Containing(StubAnswer answer, string text)
    {
        Assert.Contains(text, answer.Text, StringComparison.Ordinal);
        return answer;
    }

    private sealed record Row(string Profile, string Quirk, ResultRejection? Here, ResultRejection? Elsewhere, Action<ProductExchange> Arrange);
}
