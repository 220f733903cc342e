using System.Text.Json.Nodes;
using Harness;
using Harness.Products;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Profiles;

/// <summary>Cross-app access: the grant of the first leg is looked at before it is spent, once, at the second.</summary>
public sealed class IdJagTests
{
    [Fact]
    public async Task Each_exchange_gets_and_spends_a_grant_of_its_own()
    {
        await using var exchange = Exchange(out var product);

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());

        Assert.Equal(2, product.Grants.Distinct().Count());
        Assert.Equal(product.Grants, product.ResultIssuer.Posts.Select(post => post["assertion"]!));
    }

    [Fact]
    public async Task Each_leg_is_authenticated_with_an_assertion_for_its_own_issuer()
    {
        await using var exchange = Exchange(out var product);
        product.TakesAnything = true;
        product.SecondLeg = StubAnswer.Error(400, "invalid_grant");
        exchange.Client = new ClientSettings { Id = Product.Gateway, Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = exchange.Files.Ec };

        await exchange.RunAsync();

        Assert.Equal(product.Stub.Issuer, Audience(product.Stub.Post));
        Assert.Equal(product.ResultIssuer.Issuer, Audience(product.ResultIssuer.Post));
    }

    public static TheoryData<string, ResultRejection, Action<JsonObject, JsonObject>> UnfitGrants => new()
    {
        { "no type", ResultRejection.Shape, (header, _) => header.Remove("typ") },
        { "type of an access token", ResultRejection.Shape, (header, _) => header["typ"] = "at+jwt" },
        { "plain JWT", ResultRejection.Shape, (header, _) => header["typ"] = "JWT" },
        { "another type that ends alike", ResultRejection.Shape, (header, _) => header["typ"] = "x-oauth-id-jag+jwt" },
        { "type that is no string", ResultRejection.Shape, (header, _) => header["typ"] = 7 },
        { "a key in the header", ResultRejection.Shape, (header, _) => header["jwk"] = new JsonObject() },
        { "unknown critical extension", ResultRejection.Shape, (header, _) => header["crit"] = new JsonArray("exp") },
        { "no issuer", ResultRejection.Issuer, (_, claims) => claims.Remove("iss") },
        { "another issuer", ResultRejection.Issuer, (_, claims) => claims["iss"] = "https://idp.example" },
        { "no audience", ResultRejection.Audience, (_, claims) => claims.Remove("aud") },
        { "another authorization server", ResultRejection.Audience, (_, claims) => claims["aud"] = "https://as.elsewhere.example" },
        { "the issuer with a slash more", ResultRejection.Audience, (_, claims) => claims["aud"] = (string?)claims["aud"] + "/" },
        { "two authorization servers", ResultRejection.Audience, (_, claims) => claims["aud"] = new JsonArray((string?)claims["aud"], "https://as.elsewhere.example") },
        { "an empty list", ResultRejection.Audience, (_, claims) => claims["aud"] = new JsonArray() },
        { "an audience that is no string", ResultRejection.Audience, (_, claims) => claims["aud"] = new JsonArray(7) },
        { "another resource", ResultRejection.Audience, (_, claims) => claims["resource"] = "https://files.internal/mcp" },
        { "a resource that is no string", ResultRejection.Audience, (_, claims) => claims["resource"] = new JsonObject() },
        { "another client", ResultRejection.Actor, (_, claims) => claims["client_id"] = "somebody" },
        { "a client that is no string", ResultRejection.Actor, (_, claims) => claims["client_id"] = new JsonArray(Product.Gateway) },
        { "no end", ResultRejection.Lifetime, (_, claims) => claims.Remove("exp") },
        { "over", ResultRejection.Lifetime, (_, claims) => claims["exp"] = (long)claims["iat"]! },
        { "an end that is no number", ResultRejection.Lifetime, (_, claims) => claims["exp"] = "soon" },
    };

    [Theory]
    [MemberData(nameof(UnfitGrants))]
    public async Task A_grant_that_is_not_the_one_asked_for_is_not_sent_on(string what, ResultRejection detail, Action<JsonObject, JsonObject> change)
    {
        await using var exchange = Exchange(out var product);
        product.ChangeGrant = change;

        var rejected = Assert.IsType<ExchangeResult.Rejected>(await exchange.RunAsync());

        Assert.True(rejected.Detail == detail, what);
        Assert.Empty(product.ResultIssuer.Posts);
    }

    [Theory]
    [InlineData("opaque-grant")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d.e")]
    public async Task A_grant_that_is_no_JWS_is_not_sent_on(string grant)
    {
        await using var exchange = Exchange(out var product);
        product.RawGrant = grant;

        Assert.Equal(ResultRejection.Shape, Assert.IsType<ExchangeResult.Rejected>(await exchange.RunAsync()).Detail);
        Assert.Empty(product.ResultIssuer.Posts);
    }

    [Theory]
    [InlineData("token_type", "Bearer")]
    [InlineData("token_type", null)]
    [InlineData("issued_token_type", "urn:ietf:params:oauth:token-type:access_token")]
    [InlineData("issued_token_type", "urn:ietf:params:oauth:token-type:jwt")]
    [InlineData("issued_token_type", null)]
    [InlineData("access_token", null)]
    public async Task An_answer_that_is_no_id_jag_answer_goes_no_further(string member, string? value)
    {
        await using var exchange = Exchange(out var product);
        product.ChangeGrantAnswer = body => body[member] = value;

        Assert.Equal(ResultRejection.Shape, Assert.IsType<ExchangeResult.Rejected>(await exchange.RunAsync()).Detail);
        Assert.Empty(product.ResultIssuer.Posts);
    }

    [Theory]
    [InlineData("application/oauth-id-jag+jwt", true)]
    [InlineData("OAuth-ID-JAG+JWT", true)]
    [InlineData("oauth-id-jag+jwt", false)]
    public async Task What_the_draft_leaves_open_is_left_open(string typ, bool named)
    {
        await using var exchange = Exchange(out var product);
        product.ChangeGrant = (header, claims) =>
        {
            header["typ"] = typ;
            claims["aud"] = new JsonArray((string?)claims["aud"]);
            claims["resource"] = new JsonArray((string?)claims["resource"]);
            if (!named)
            {
                claims.Remove("client_id");
            }
        };
        product.SecondLeg = StubAnswer.Error(400, "invalid_grant");

        await exchange.RunAsync();

        Assert.Single(product.ResultIssuer.Posts);
    }

    [Theory]
    [InlineData("invalid_grant", ExchangeError.SubjectRefused)]
    [InlineData("invalid_request", ExchangeError.Misconfigured)]
    [InlineData("invalid_client", ExchangeError.Misconfigured)]
    [InlineData("unsupported_grant_type", ExchangeError.Misconfigured)]
    [InlineData("invalid_target", ExchangeError.TargetRefused)]
    [InlineData("invalid_scope", ExchangeError.TargetRefused)]
    public async Task The_second_authorization_server_may_refuse_too(string code, ExchangeError error)
    {
        await using var exchange = Exchange(out var product);
        product.SecondLeg = StubAnswer.Error(400, code);

        Assert.Equal(error, Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync()).Error);
    }

    [Fact]
    public async Task A_client_that_the_second_server_refuses_is_held_back_there_and_goes_on_at_the_first()
    {
        await using var exchange = Exchange(out var product);
        product.SecondLeg = StubAnswer.Error(401, "invalid_client");
        await exchange.RunAsync();
        await exchange.RunAsync();

        Assert.Equal(2, product.Stub.Posts.Count);
        Assert.Single(product.ResultIssuer.Posts);
    }

    [Fact]
    public async Task An_outage_of_the_second_server_is_one()
    {
        await using var exchange = Exchange(out var product);
        product.SecondLeg = StubAnswer.Raw(503, "Retry-After: 9\r\n", "");

        Assert.Equal(TimeSpan.FromSeconds(9), Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync()).RetryAfter);
    }

    [Fact]
    public async Task The_token_of_the_second_server_is_verified_like_any_other()
    {
        await using var exchange = Exchange(out var product);
        product.ChangeResult = claims => claims["sub"] = "mallory";

        Assert.Equal(ResultRejection.Subject, Assert.IsType<ExchangeResult.Rejected>(await exchange.RunAsync()).Detail);
    }

    private static ProductExchange Exchange(out CrossApp product)
    {
        var exchange = new ProductExchange(clock => new CrossApp(clock));
        product = (CrossApp)exchange.Product;
        return exchange;
    }

    private static string? Audience(RecordedRequest post) =>
        (string?)TokenReader.PayloadOf(post["client_assertion"]!)["aud"];
}
