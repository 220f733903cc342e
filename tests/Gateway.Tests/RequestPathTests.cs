using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>The main job, end to end over real sockets.</summary>
public sealed class RequestPathTests
{
    [Fact]
    public async Task A_token_for_a_server_reaches_it_as_a_hop_token_for_it_alone()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();

        var answer = await world.Gateway.CallAsync("/weather", token);

        Assert.Equal(200, answer.Status);
        var arrived = Assert.Single(world.Weather.Requests);
        Assert.NotEqual(token, arrived.Token);
        Assert.Equal("/mcp", arrived.Path);
        Assert.Equal(Messages.Call("echo"), arrived.Body);
        var exchange = Assert.Single(world.As.Exchanges);
        Assert.Equal(token, exchange["subject_token"]);
        Assert.Equal(world.Weather.Url, exchange["resource"]);
        Assert.False(exchange.ContainsKey("audience"));
        Assert.Equal("mcp:read mcp:write", exchange["scope"]);
        Assert.Empty(world.Notes.Requests);
    }

    [Fact]
    public async Task The_second_call_with_the_same_token_needs_no_exchange()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token);

        await world.Gateway.CallAsync("/weather", token);

        Assert.Single(world.As.Exchanges);
        Assert.Equal(2, world.Weather.Requests.Count);
        Assert.Equal(["issued", "hit"], world.Gateway.Audit.Select(line => line["exchange"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_token_for_another_server_of_the_same_domain_is_refused_before_anybody_is_asked()
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/notes", world.WeatherToken());

        Assert.Equal(401, answer.Status);
        Assert.Equal("audience_invalid", answer.Reason);
        Assert.Contains("error=\"invalid_token\"", answer.Challenge, StringComparison.Ordinal);
        Assert.Contains($"resource_metadata=\"{TestGateway.PublicUrl}/.well-known/oauth-protected-resource/notes\"", answer.Challenge, StringComparison.Ordinal);
        world.AssertNothingWasSent();
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal("mcp.request.refused", line["event"]!.GetValue<string>());
        Assert.Equal("authorization", line["category"]!.GetValue<string>());
        Assert.Equal(World.WeatherResource, line["presented_audience"]![0]!.GetValue<string>());
    }

    [Fact]
    public async Task Without_a_token_the_challenge_says_where_to_get_one_and_names_no_error()
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", null);

        Assert.Equal(401, answer.Status);
        Assert.Equal("token_missing", answer.Reason);
        var metadata = $"resource_metadata=\"{TestGateway.PublicUrl}/.well-known/oauth-protected-resource/weather\"";
        Assert.Equal($"Bearer {metadata}, DPoP {metadata}, algs=\"ES256 PS256 RS256\"", answer.Challenge);
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("{ 'AdvertisedScopes': ['b', 'a'] }", "b a")]
    [InlineData("{ 'AdvertisedScopes': ['b', 'a'], 'ScopePrefix': 'api://x/' }", "api://x/b api://x/a")]
    [InlineData("{ 'Operations': [{ 'Method': 'tools/call', 'Scopes': ['w', 'r'] }] }", "r w")]
    [InlineData("{ 'RequiredScopes': ['r'], 'AdvertisedScopes': ['a'], 'Operations': [{ 'Method': 'tools/call', 'Scopes': ['w'] }] }", "r")]
    public async Task Without_a_token_the_challenge_names_what_every_request_needs_or_else_what_the_document_names(string settings, string scopes)
    {
        await using var world = await World.StartAsync(options =>
        {
            foreach (var (key, value) in JsonNode.Parse(settings.Replace('\'', '"'))!.AsObject())
            {
                options["Servers"]!["weather"]![key] = value!.DeepClone();
            }
        });

        var answer = await world.Gateway.CallAsync("/weather", null);

        Assert.Contains($"scope=\"{scopes}\"", answer.Challenge, StringComparison.Ordinal);
        Assert.DoesNotContain("error", answer.Challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_resource_document_names_the_identifier_and_the_authorization_server()
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource/weather");

        Assert.Equal(200, answer.Status);
        Assert.Equal(World.WeatherResource, answer.Json!["resource"]!.GetValue<string>());
        Assert.Equal(world.As.Issuer, answer.Json["authorization_servers"]![0]!.GetValue<string>());
        Assert.Equal("weather", answer.Json["resource_name"]!.GetValue<string>());
        Assert.Equal("*", answer.Headers["Access-Control-Allow-Origin"]);
    }

    [Fact]
    public async Task A_result_for_another_audience_is_not_sent_anywhere()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => payload["aud"] = "https://somebody.example.net/mcp";

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal(502, answer.Status);
        Assert.Equal("exchange_result_rejected", answer.Reason);
        Assert.Null(answer.Challenge);
        Assert.Equal("result_audience", world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        world.AssertNothingWasForwarded();
    }

    [Fact]
    public async Task A_hop_token_is_refused_at_the_gateway()
    {
        await using var world = await World.StartAsync();
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var answer = await world.Gateway.CallAsync("/weather", world.Weather.Requests[0].Token);

        Assert.Equal(401, answer.Status);
        Assert.Equal("audience_invalid", answer.Reason);
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task A_hop_token_that_the_server_refuses_is_replaced_once_and_the_request_sent_again()
    {
        await using var world = await World.StartAsync();
        var refused = 0;
        var sound = world.Weather.Answer;
        world.Weather.Answer = context =>
        {
            if (Interlocked.Increment(ref refused) > 1)
            {
                return sound(context);
            }

            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Bearer resource_metadata=\"https://internal/\"";
            return Task.CompletedTask;
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal(200, answer.Status);
        Assert.Equal(2, world.As.Exchanges.Count);
        Assert.Equal(2, world.Weather.Requests.Count);
        Assert.NotEqual(world.Weather.Requests[0].Token, world.Weather.Requests[1].Token);
        Assert.Equal(world.Weather.Requests[0].Body, world.Weather.Requests[1].Body);
    }

    [Fact]
    public async Task A_server_that_goes_on_refusing_is_a_502_without_its_challenge()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"inner\"";
            return Task.CompletedTask;
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal(502, answer.Status);
        Assert.Equal("upstream_refused_token", answer.Reason);
        Assert.Null(answer.Challenge);
        Assert.Equal(2, world.Weather.Requests.Count);
    }

    [Fact]
    public async Task Inbound_token_secret_and_cookies_appear_nowhere_they_must_not()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        const string Cookie = "session=canary-cookie-91c2";

        await world.Gateway.CallAsync("/weather", token, change: request =>
        {
            request.Headers.Add("Cookie", Cookie);
            request.Headers.Add("X-Forwarded-Host", "canary-host");
            request.Headers.Add("Proxy-Authorization", "Basic canary");
            request.Headers.Add("DPoP", "canary-proof");
        });
        await world.Gateway.CallAsync("/notes", token);

        var sent = Assert.Single(world.Weather.Requests).Everything;
        foreach (var place in (string[])[sent, world.Gateway.Log, string.Join('\n', world.Gateway.Audit)])
        {
            Assert.DoesNotContain(token, place, StringComparison.Ordinal);
            Assert.DoesNotContain(token.Split('.')[2], place, StringComparison.Ordinal);
            Assert.DoesNotContain(World.Secret, place, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", place, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("credential")]
    [InlineData("same-token")]
    public async Task The_modes_without_an_exchange_send_what_they_promise(string mode)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "static-key\n", TestContext.Current.CancellationToken);
        try
        {
            await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"] = mode == "credential"
                ? new JsonObject { ["Mode"] = mode, ["Header"] = "X-Api-Key", ["File"] = file }
                : new JsonObject { ["Mode"] = mode });
            var token = world.WeatherToken();

            var answer = await world.Gateway.CallAsync("/weather", token);

            Assert.Equal(200, answer.Status);
            var arrived = Assert.Single(world.Weather.Requests);
            Assert.Equal(mode == "same-token" ? "Bearer " + token : null, arrived.Headers.GetValueOrDefault("Authorization"));
            Assert.Equal(mode == "credential" ? "static-key" : null, arrived.Headers.GetValueOrDefault("X-Api-Key"));
            Assert.Empty(world.As.Exchanges);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
