using Harness;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>What is sent, byte for byte, for each profile.</summary>
public sealed class ExchangeRequestTests
{
    private const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
    private const string Grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";

    public static TheoryData<string, string[]> Forms => new()
    {
        { "rfc8693", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "keycloak", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "entra-obo", ["grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion=the-token", "requested_token_use=on_behalf_of", "scope=weather/.default"] },
        { "auth0-obo", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "okta", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "zitadel", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", "requested_token_type=urn:ietf:params:oauth:token-type:jwt", "audience=weather", "scope=mcp:read"] },
        { "authentik", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "openiddict", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "spring", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", $"requested_token_type={AccessToken}", "audience=weather", "scope=mcp:read"] },
        { "tokendings", [Grant, "subject_token=the-token", "subject_token_type=urn:ietf:params:oauth:token-type:jwt", "audience=weather"] },
        { "id-jag", [Grant, "subject_token=the-token", $"subject_token_type={AccessToken}", "requested_token_type=urn:ietf:params:oauth:token-type:id-jag", "audience={issuer}", "resource=https://weather.internal/mcp", "scope=mcp:read"] },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Each_profile_sends_exactly_its_parameters(string profile, string[] expected)
    {
        await using var exchange = new Exchange(profile) { Subject = Subjects.Token(value: "the-token") };
        exchange.Target = exchange.Target with { Audience = "weather", ResultAudiences = ["weather"] };

        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        var post = exchange.Stub.Post;
        Assert.Equal(expected.Select(pair => pair.Replace("{issuer}", exchange.Stub.Issuer, StringComparison.Ordinal)), post.Form.Select(pair => $"{pair.Key}={pair.Value}"));
        Assert.StartsWith("POST /token HTTP/1.1\r\n", post.Head, StringComparison.Ordinal);
        Assert.Equal("application/x-www-form-urlencoded", post.Header("Content-Type"));
        Assert.Equal("application/json", post.Header("Accept"));
    }

    [Theory]
    [InlineData("rfc8693", "resource")]
    [InlineData("openiddict", "resource")]
    [InlineData("spring", "resource")]
    [InlineData("keycloak", "audience")]
    [InlineData("okta", "audience")]
    public async Task The_resource_is_the_target_when_no_audience_is_configured(string profile, string parameter)
    {
        await using var exchange = new Exchange(profile);

        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Equal(Exchange.Resource, exchange.Stub.Post[parameter]);
        Assert.Null(exchange.Stub.Post[parameter == "resource" ? "audience" : "resource"]);
    }

    [Theory]
    [InlineData("rfc8693", true)]
    [InlineData("keycloak", false)]
    [InlineData("authentik", false)]
    [InlineData("zitadel", false)]
    public async Task Both_targets_are_sent_only_when_all_is_configured_and_the_profile_knows_both(string profile, bool both)
    {
        await using var exchange = new Exchange(profile);
        exchange.Target = exchange.Target with { Audience = "weather", ResultAudiences = ["weather"], ResultAudiencesGiven = true };

        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Equal("weather", exchange.Stub.Post["audience"]);
        Assert.Equal(both ? Exchange.Resource : null, exchange.Stub.Post["resource"]);
    }

    [Fact]
    public async Task Without_scopes_there_is_no_scope_parameter()
    {
        await using var exchange = new Exchange { Scopes = "" };

        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Null(exchange.Stub.Post["scope"]);
    }

    [Fact]
    public async Task Values_are_form_encoded()
    {
        await using var exchange = new Exchange { Scopes = "a:b c&d=e+f" };
        exchange.Target = exchange.Target with { Audience = "wetter ü%" };

        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Contains("&audience=wetter+%C3%BC%25&scope=a%3Ab+c%26d%3De%2Bf", exchange.Stub.Post.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extra_parameters_are_added()
    {
        await using var exchange = new Exchange();
        exchange.ExtraParameters["tenant"] = "acme";

        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Equal("acme", exchange.Stub.Post["tenant"]);
    }

    [Theory]
    [InlineData("audience")]
    [InlineData("RESOURCE")]
    [InlineData("client_secret")]
    [InlineData("requested_subject")]
    [InlineData("authorization_details")]
    public async Task An_extra_parameter_of_OAuth_is_a_configuration_error(string name)
    {
        await using var exchange = new Exchange();
        exchange.ExtraParameters[name] = "x";

        await Assert.ThrowsAsync<ArgumentException>(() => exchange.RunAsync());
        Assert.Empty(exchange.Stub.Posts);
    }

    [Theory]
    [InlineData("https://mcp.example/files")]
    [InlineData("https://mcp.example/weather/")]
    [InlineData("https://mcp.example/Weather")]
    [InlineData("")]
    public async Task A_token_validated_for_another_server_makes_no_request(string resource)
    {
        await using var exchange = new Exchange { Subject = Subjects.Token(resource: resource) };

        await Assert.ThrowsAsync<ArgumentException>(() => exchange.RunAsync());
        Assert.Empty(exchange.Stub.Posts);
    }

    [Fact]
    public async Task A_token_endpoint_in_the_clear_gets_nothing()
    {
        await using var exchange = new Exchange();
        exchange.Settings = exchange.Settings with { TokenEndpoint = new Uri("http://login.example.com/token") };

        var result = await exchange.RunAsync();

        Assert.Equal(ExchangeError.Misconfigured, Assert.IsType<ExchangeResult.Refused>(result).Error);
    }

    [Fact]
    public async Task The_token_endpoint_is_discovered_when_it_is_not_configured()
    {
        await using var exchange = new Exchange();
        exchange.Settings = exchange.Settings with { TokenEndpoint = null };

        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
        Assert.Equal("/token", exchange.Stub.Post.Target);
    }

    [Fact]
    public async Task A_parameter_that_would_stand_in_a_request_twice_is_a_bug_and_nothing_is_sent()
    {
        await using var exchange = new Exchange();
        var endpoints = exchange.Server.Endpoints;

        var bug = await Assert.ThrowsAsync<InvalidOperationException>(() => endpoints.AskTokenAsync(endpoints.Client(exchange.Client), AskedAbout.Nobody, form =>
        {
            form.Add("resource", "https://weather.internal/mcp");
            form.Add("resource", "https://notes.internal/mcp");
        }));

        Assert.Contains("resource", bug.InnerException!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("notes.internal", bug.ToString(), StringComparison.Ordinal);
        Assert.Empty(exchange.Stub.Posts);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_the_secret_not_sent_again()
    {
        await using var exchange = new Exchange();
        await using var elsewhere = new TestAuthorizationServer();

        foreach (var status in (int[])[301, 302, 303, 307, 308])
        {
            var result = await exchange.RunAsync(StubAnswer.Raw(status, $"Location: {elsewhere.TokenEndpoint}\r\n", ""));
            Assert.Equal(ExchangeError.Misconfigured, Assert.IsType<ExchangeResult.Refused>(result).Error);
        }

        Assert.Empty(elsewhere.Posts);
        Assert.Equal(5, exchange.Stub.Posts.Count);
    }
}
