using System.Net;
using System.Text;
using Harness;
using Harness.Products;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Profiles;
using Xunit;

namespace TokenExchange.Tests.Profiles;

/// <summary>
/// The first half of the profile table: the body of each profile's request, byte for byte but for the line breaks, sent to
/// a server that judges it as the product does, and exchanged for a token that is verified.
/// </summary>
public sealed class ProfileTableTests
{
    private const string Exchange = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    private const string Bearer = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    private const string AccessToken = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";
    private const string Jwt = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt";
    private const string Assertion = "&client_id=mcp-gateway&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}";

    public static TheoryData<string, string> Bodies => new()
    {
        { "rfc8693", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &resource=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            """ },
        { "keycloak", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &audience=weather
            &scope=weather.read
            """ },
        { "entra-obo", $"""
            {Bearer}
            &assertion=the-token
            &requested_token_use=on_behalf_of
            &scope=api%3A%2F%2Fweather%2F.default
            {Assertion}
            """ },
        { "auth0-obo", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &audience=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            &client_id=mcp-gateway&client_secret=s3cret
            """ },
        { "okta", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &audience=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            {Assertion}
            """ },
        { "zitadel", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={Jwt}
            &audience=320000000000000001
            &scope=weather.read
            """ },
        { "authentik", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &audience=weather-client-id
            &scope=weather.read
            """ },
        { "openiddict", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &resource=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            {Assertion}
            """ },
        { "spring", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &resource=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            """ },
        { "tokendings", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={Jwt}
            &audience=prod%3Aweather%3Amcp
            {Assertion}
            """ },
        { "cognito", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &audience=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            """ },
        { "workos", $"""
            {Exchange}
            &subject_token=the-token&subject_token_type={AccessToken}&requested_token_type={AccessToken}
            &resource=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            &client_id=mcp-gateway&client_secret=s3cret
            """ },
        { "id-jag", $$"""
            {{Exchange}}
            &subject_token=the-token&subject_token_type={{AccessToken}}&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid-jag
            &audience={resource AS}&resource=https%3A%2F%2Fweather.internal%2Fmcp
            &scope=weather.read
            """ },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Each_product_takes_exactly_what_its_profile_sends_and_its_answer_is_verified(string profile, string body)
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile[profile]);

        var issued = Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());

        var post = exchange.Product.Stub.Post;
        Assert.Equal(Expand(body, exchange.Product, post), post.Body);
        Assert.Equal("application/x-www-form-urlencoded", post.Header("Content-Type"));
        Assert.Equal(exchange.Client.Authentication == ClientAuthenticationMethod.ClientSecretBasic ? "Basic bWNwLWdhdGV3YXk6czNjcmV0" : null, post.Header("Authorization"));
        Assert.Equal([exchange.Product.ResultAudience], issued.Token.Audiences);
        Assert.Empty(exchange.Product.Ignored.Except(["requested_token_type", "client_id"]));
    }

    [Fact]
    public async Task The_second_leg_of_id_jag_is_the_grant_and_nothing_else()
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile["id-jag"]);

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());

        var grant = Assert.Single(((CrossApp)exchange.Product).Grants);
        Assert.Equal($"{Bearer}&assertion={grant}", exchange.Product.ResultIssuer.Post.Body);
    }

    [Fact]
    public async Task Spring_takes_the_client_assertion_of_its_profile()
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile["spring"]);
        exchange.Client = new() { Id = Product.Gateway, Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = exchange.Files.Ec };

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
    }

    [Fact]
    public void Every_profile_has_its_row_and_its_product()
    {
        Assert.Equal(ExchangeProfile.Names, Bodies.Select(row => row.Data.Item1).Order(StringComparer.Ordinal));
        Assert.Equal(ExchangeProfile.Names, ProductList.ByProfile.Keys.Order(StringComparer.Ordinal));
        Assert.All(ProductList.ByProfile, entry => Assert.Equal(entry.Key, entry.Value(new ManualClock()).Profile));
    }

    /// <summary>What each product says when a parameter that was sent is left out or misspelt.</summary>
    public static TheoryData<string, string, string> Needed => new()
    {
        { "rfc8693", "grant_type", "400 invalid_request" },
        { "rfc8693", "subject_token", "400 invalid_request" },
        { "rfc8693", "subject_token_type", "400 invalid_request" },
        { "rfc8693", "resource", "400 invalid_target" },
        { "keycloak", "grant_type", "400 invalid_request Missing form parameter: grant_type" },
        { "keycloak", "subject_token", "400 invalid_request Parameter 'subject_token' required for standard token exchange" },
        { "keycloak", "subject_token_type", "400 invalid_request Parameter 'subject_token_type' required for standard token exchange" },
        { "entra-obo", "grant_type", "400 invalid_request AADSTS900144" },
        { "entra-obo", "assertion", "400 invalid_request AADSTS900144" },
        { "entra-obo", "requested_token_use", "400 invalid_request AADSTS900144" },
        { "entra-obo", "scope", "400 invalid_request AADSTS900144" },
        { "entra-obo", "client_id", "400 invalid_request AADSTS900144" },
        { "entra-obo", "client_assertion", "401 invalid_client AADSTS7000218" },
        { "auth0-obo", "subject_token", "400 invalid_request Missing required parameter: subject_token" },
        { "auth0-obo", "audience", "400 invalid_request Missing required parameter: audience" },
        { "auth0-obo", "requested_token_type", "400 invalid_request Missing required parameter: requested_token_type" },
        { "auth0-obo", "client_secret", "401 access_denied Unauthorized" },
        { "okta", "subject_token", "400 invalid_request" },
        { "okta", "audience", "400 invalid_request" },
        { "okta", "client_id", "401 invalid_client" },
        { "zitadel", "grant_type", "400 invalid_request grant_type missing" },
        { "zitadel", "subject_token", "400 invalid_request subject_token invalid" },
        { "zitadel", "subject_token_type", "400 invalid_request subject_token invalid" },
        { "authentik", "subject_token", "400 invalid_request The request is otherwise malformed" },
        { "authentik", "subject_token_type", "400 invalid_request The request is otherwise malformed" },
        { "openiddict", "grant_type", "400 invalid_request The mandatory 'grant_type' parameter is missing." },
        { "openiddict", "subject_token", "400 invalid_request The mandatory 'subject_token' parameter is missing." },
        { "openiddict", "client_id", "400 invalid_request The mandatory 'client_id' parameter is missing." },
        { "spring", "subject_token", "400 invalid_request OAuth 2.0 Parameter: subject_token" },
        { "spring", "subject_token_type", "400 invalid_request OAuth 2.0 Parameter: subject_token_type" },
        { "tokendings", "subject_token_type", "400 invalid_request Parameter subject_token_type must be" },
        { "tokendings", "subject_token", "400 invalid_request Parameter subject_token missing" },
        { "tokendings", "audience", "400 invalid_request Parameter audience missing" },
        { "tokendings", "client_assertion", "400 invalid_request Parameter client_assertion missing" },
        { "cognito", "subject_token", "400 invalid_request" },
        { "cognito", "subject_token_type", "400 invalid_request" },
        { "cognito", "audience", "400 invalid_target" },
        { "workos", "subject_token", "400 invalid_request" },
        { "workos", "resource", "400 invalid_target" },
        { "workos", "client_secret", "401 invalid_client" },
        { "id-jag", "requested_token_type", "400 invalid_request" },
        { "id-jag", "audience", "400 invalid_request" },
        { "id-jag", "subject_token", "400 invalid_grant" },
    };

    [Theory]
    [MemberData(nameof(Needed))]
    public async Task No_product_takes_a_request_with_a_parameter_left_out_or_misspelt(string profile, string parameter, string refusal)
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile[profile]);

        AnswerText.AssertIs(refusal, await AnswerAsync(exchange, body => string.Join('&', body.Split('&').Where(pair => !pair.StartsWith(parameter + "=", StringComparison.Ordinal)))));
        AnswerText.AssertIs(refusal, await AnswerAsync(exchange, body => ("&" + body).Replace($"&{parameter}=", $"&{parameter}s=", StringComparison.Ordinal)[1..]));
    }

    [Theory]
    [InlineData("zitadel", "resource=https%3A%2F%2Fweather.internal%2Fmcp", "400 invalid_target resource parameter not supported")]
    [InlineData("authentik", "resource=https%3A%2F%2Fweather.internal%2Fmcp", "400 invalid_target")]
    [InlineData("entra-obo", "resource=https%3A%2F%2Fweather.internal%2Fmcp", "400 invalid_request AADSTS901002")]
    [InlineData("keycloak", "scope=weather.write", "400 invalid_request duplicated parameter")]
    public async Task No_product_takes_a_parameter_too_many_that_it_objects_to(string profile, string extra, string refusal)
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile[profile]);

        AnswerText.AssertIs(refusal, await AnswerAsync(exchange, body => body + "&" + extra));
    }

    private static string Expand(string body, Product product, RecordedRequest post) => body.ReplaceLineEndings("")
        .Replace("{assertion}", post["client_assertion"], StringComparison.Ordinal)
        .Replace("{resource AS}", WebUtility.UrlEncode(product.ResultIssuer.Issuer), StringComparison.Ordinal);

    /// <summary>What the product answers to a request as the gateway sends it, with its body changed.</summary>
    private static async Task<string> AnswerAsync(ProductExchange exchange, Func<string, string> change)
    {
        var product = exchange.Product;
        product.Outage = StubAnswer.Error(400, "invalid_grant");
        await exchange.RunAsync();
        product.Outage = null;
        var sent = product.Stub.Posts[^1];
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Post, product.Stub.TokenEndpoint) { Content = new StringContent(change(sent.Body), Encoding.UTF8, "application/x-www-form-urlencoded") };
        if (sent.Header("Authorization") is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return product.Answers[^1];
    }
}
