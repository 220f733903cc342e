using System.Text.Json.Nodes;
using Demo;
using Demo.AuthorizationServer;
using Xunit;

namespace Gateway.Tests;

/// <summary>The walk proves something only when the parts around the gateway are strict by themselves.</summary>
public sealed class DemoPartsTests
{
    private const string Audience = "http://127.0.0.1:1/mcp";
    private const string GatewayClient = "mcp-gateway";
    private static readonly ResourceRegistration Weather = new("weather", "http://127.0.0.1:3/weather", Audience, ["read", "write"]);
    private static readonly ResourceRegistration Notes = new("notes", "http://127.0.0.1:3/notes", "http://127.0.0.1:4/mcp", ["read"]);

    [Fact]
    public async Task The_authorization_server_exchanges_for_an_authenticated_client() =>
        Assert.Equal("200 ", await ExchangeAsync(_ => { }));

    [Theory]
    [InlineData("client_assertion", null, "401 invalid_client")]
    [InlineData("client_assertion", "not.a.jwt", "401 invalid_client")]
    [InlineData("client_assertion_type", "something-else", "401 invalid_client")]
    [InlineData("client_id", "somebody-else", "401 invalid_client")]
    [InlineData("subject_token", "not.a.jwt", "400 invalid_grant")]
    [InlineData("subject_token_type", "urn:ietf:params:oauth:token-type:id_token", "400 invalid_request")]
    [InlineData("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "400 invalid_request")]
    [InlineData("resource", null, "400 invalid_target")]
    [InlineData("resource", "http://127.0.0.1:4/mcp", "400 invalid_target")]
    [InlineData("resource", Audience + "/", "400 invalid_target")]
    [InlineData("scope", "read admin", "400 invalid_scope")]
    public async Task The_authorization_server_refuses_an_exchange_with(string parameter, string? value, string answer) =>
        Assert.Equal(answer, await ExchangeAsync(form => _ = value is null ? form.Remove(parameter) : (form[parameter] = value) is null));

    [Theory]
    [InlineData("aud", "http://127.0.0.1:2/token")]
    [InlineData("sub", "somebody-else")]
    [InlineData("exp", "0")]
    [InlineData("jti", "")]
    public async Task The_authorization_server_refuses_a_client_assertion_with(string claim, string value) =>
        Assert.Equal("401 invalid_client", await ExchangeAsync(_ => { }, claims => claims[claim] = claim == "exp" ? long.Parse(value, null) : value));

    [Fact]
    public async Task A_client_assertion_is_good_once()
    {
        Assert.Equal("401 invalid_client", await ExchangeAsync(_ => { }, repeat: true));
    }

    /// <summary>The answer to an exchange that is right but for <paramref name="change"/> and <paramref name="changeAssertion"/>.</summary>
    private static async Task<string> ExchangeAsync(Action<Dictionary<string, string>> change, Action<JsonObject>? changeAssertion = null, bool repeat = false)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var server = await DevelopmentAuthorizationServer.StartAsync(AuthorizationServerBehaviour.AsTheWalkExpects, TimeProvider.System, cancellationToken);
        using var clientKey = new SigningKey();
        server.Register(GatewayClient, clientKey.Public);
        server.Register(Weather);
        server.Register(Notes);
        using var http = Loopback.CreateClient();
        var (_, user) = await PostAsync(http, server, new()
        {
            ["grant_type"] = DevelopmentUserGrant.GrantType,
            ["client_id"] = "test",
            ["username"] = "alice",
            ["resource"] = Weather.Public,
            ["scope"] = "read",
        });
        var assertion = new JsonObject
        {
            ["iss"] = GatewayClient,
            ["sub"] = GatewayClient,
            ["aud"] = server.Issuer,
            ["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(1).ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString(),
        };
        changeAssertion?.Invoke(assertion);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = TokenExchangeGrant.GrantType,
            ["subject_token"] = user["access_token"]!.GetValue<string>(),
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["resource"] = Audience,
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = clientKey.Sign(assertion, "JWT"),
        };
        change(form);
        if (repeat)
        {
            await PostAsync(http, server, form);
        }

        var (status, body) = await PostAsync(http, server, form);
        return $"{status} {body["error"]}";
    }

    private static async Task<(int Status, JsonNode Body)> PostAsync(HttpClient http, DevelopmentAuthorizationServer server, Dictionary<string, string> parameters)
    {
        using var form = new FormUrlEncodedContent(parameters);
        using var response = await http.PostAsync(server.TokenEndpoint, form, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }
}
