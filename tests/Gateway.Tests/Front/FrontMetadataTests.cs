using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>What clients find out and are given before anybody signs in.</summary>
public sealed class FrontMetadataTests
{
    private const string Issuer = TestGateway.PublicUrl + "/oauth/corp";

    [Fact]
    public async Task Its_metadata_names_its_own_endpoints()
    {
        await using var world = await FrontWorld.StartAsync();

        var answer = await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-authorization-server/oauth/corp");

        Assert.Equal("*", answer.Headers["Access-Control-Allow-Origin"]);
        Assert.True(JsonNode.DeepEquals(answer.Json, new JsonObject
        {
            ["issuer"] = Issuer,
            ["authorization_endpoint"] = Issuer + "/authorize",
            ["token_endpoint"] = Issuer + "/token",
            ["registration_endpoint"] = Issuer + "/register",
            ["response_types_supported"] = new JsonArray("code"),
            ["response_modes_supported"] = new JsonArray("query"),
            ["grant_types_supported"] = new JsonArray("authorization_code", "refresh_token"),
            ["token_endpoint_auth_methods_supported"] = new JsonArray("none"),
            ["code_challenge_methods_supported"] = new JsonArray("S256"),
        }), answer.Body);
    }

    [Fact]
    public async Task Servers_that_use_it_name_it_and_no_other_does()
    {
        await using var world = await FrontWorld.StartAsync();

        var weather = await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource/weather");
        var notes = await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource/notes");

        Assert.Equal([Issuer], weather.Json!["authorization_servers"]!.AsArray().Select(node => node!.GetValue<string>()));
        Assert.Equal([world.World.As.Issuer], notes.Json!["authorization_servers"]!.AsArray().Select(node => node!.GetValue<string>()));
    }

    [Fact]
    public async Task A_token_names_the_authorization_server_as_its_issuer_never_the_front()
    {
        await using var world = await FrontWorld.StartAsync();
        world.World.As.TokenAnswer = null;

        var own = await world.Gateway.CallAsync("/weather", world.World.WeatherToken());
        var fronts = await world.Gateway.CallAsync("/weather", world.World.WeatherToken((_, payload) => payload["iss"] = Issuer));

        Assert.Equal(200, own.Status);
        Assert.Equal((401, "issuer_unknown"), (fronts.Status, fronts.Reason));
    }

    [Fact]
    public async Task Every_client_is_given_the_one_id_and_no_secret()
    {
        await using var world = await FrontWorld.StartAsync();

        var answer = await world.RegisterAsync("""{"client_name":"x","redirect_uris":["http://127.0.0.1:8123/callback","https://client.example.net/callback"],"token_endpoint_auth_method":"client_secret_basic","client_id":"mine"}""");

        Assert.Equal((201, "no-store", "*"), (answer.Status, answer.Headers["Cache-Control"], answer.Headers["Access-Control-Allow-Origin"]));
        Assert.True(JsonNode.DeepEquals(answer.Json, new JsonObject
        {
            ["client_id"] = FrontWorld.ClientId,
            ["redirect_uris"] = new JsonArray("http://127.0.0.1:8123/callback", "https://client.example.net/callback"),
            ["grant_types"] = new JsonArray("authorization_code", "refresh_token"),
            ["response_types"] = new JsonArray("code"),
            ["token_endpoint_auth_method"] = "none",
        }), answer.Body);
    }

    [Theory]
    [InlineData("""{"redirect_uris":["https://evil.example/callback"]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":["https://client.example.net/callback","https://evil.example/callback"]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":["https://client.example.net/callback "]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":["https://client.example.net/callback"],"redirect_uris":["https://evil.example/"]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":[]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":[1]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":"https://client.example.net/callback"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["\ud800"]}""", "invalid_client_metadata")]
    [InlineData("[]", "invalid_client_metadata")]
    [InlineData("", "invalid_client_metadata")]
    public async Task What_is_not_listed_or_not_sound_is_not_registered(string body, string error)
    {
        await using var world = await FrontWorld.StartAsync();

        var answer = await world.RegisterAsync(body);

        Assert.Equal((400, error), (answer.Status, answer.Json!["error"]!.GetValue<string>()));
        Assert.DoesNotContain(FrontWorld.ClientId, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registration_of_more_than_16_KiB_is_not_read()
    {
        await using var world = await FrontWorld.StartAsync();

        var answer = await world.RegisterAsync($$"""{"redirect_uris":["{{FrontWorld.RedirectUri}}"],"client_name":"{{new string('x', 16 * 1024)}}"}""");

        Assert.Equal(400, answer.Status);
    }

    [Theory]
    [InlineData("register")]
    [InlineData("token")]
    public async Task Clients_in_browsers_may_ask(string endpoint)
    {
        await using var world = await FrontWorld.StartAsync();

        var answer = await world.Gateway.SendAsync(HttpMethod.Options, "/oauth/corp/" + endpoint, change: request =>
        {
            request.Headers.Add("Origin", "https://inspector.example");
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "content-type, mcp-protocol-version");
        });

        Assert.Equal((204, "*", "POST, OPTIONS", "*"), (answer.Status, answer.Headers["Access-Control-Allow-Origin"], answer.Headers["Access-Control-Allow-Methods"], answer.Headers["Access-Control-Allow-Headers"]));
    }

    /// <summary>Which document says it: clients believe either.</summary>
    [Theory]
    [InlineData("true", DocumentAnswer.Sound)]
    [InlineData("true", DocumentAnswer.Missing)]
    [InlineData("\"true\"", DocumentAnswer.Sound)]
    public async Task An_authorization_server_that_names_itself_in_its_answers_has_no_front(string says, DocumentAnswer rfc8414)
    {
        await using var world = await FrontWorld.StartAsync(
            metadata: document => document["authorization_response_iss_parameter_supported"] = JsonNode.Parse(says),
            prepare: server => server.MetadataAnswer = rfc8414);

        FrontWorld.AssertRefused(await world.AskAsync(), "names_itself");
        Assert.Equal(400, (await world.RegisterAsync($$"""{"redirect_uris":["{{FrontWorld.RedirectUri}}"]}""")).Status);
        Assert.Equal(400, (await world.TokenAsync(FrontWorld.Code())).Status);
        Assert.Empty(world.Relayed);
    }

    [Fact]
    public async Task What_the_OpenID_document_alone_says_counts_though_the_other_is_complete()
    {
        await using var world = await FrontWorld.StartAsync(prepare: server => server.Handle("/.well-known/openid-configuration", context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(new JsonObject { ["issuer"] = server.Issuer, ["authorization_response_iss_parameter_supported"] = true }.ToJsonString());
        }));

        FrontWorld.AssertRefused(await world.AskAsync(), "names_itself");
    }

    [Fact]
    public async Task Without_an_address_to_sign_in_at_there_is_a_page_that_says_so()
    {
        await using var world = await FrontWorld.StartAsync(metadata: document => document.Remove("authorization_endpoint"));

        FrontWorld.AssertRefused(await world.AskAsync(), "no_sign_in");
    }

    [Fact]
    public async Task While_the_authorization_server_is_away_there_is_a_page_that_says_so()
    {
        await using var world = await FrontWorld.StartAsync(prepare: server => server.MetadataAnswer = server.OpenIdAnswer = DocumentAnswer.ServerError);

        FrontWorld.AssertRefused(await world.AskAsync(), "unreachable");
    }
}
