using Gateway.Commands;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Commands;

public sealed class LiveCommandTests
{
    [Fact]
    public async Task Explain_says_that_a_sound_token_passes_and_sends_nothing()
    {
        await using var world = await World.StartAsync();
        var (exit, output, errors) = await ExplainAsync(world, "weather", world.WeatherToken());

        Assert.True(exit == 0, output + errors);
        Assert.Contains("passes", output, StringComparison.Ordinal);
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task Explain_names_the_check_that_refuses_a_token_for_another_server_and_what_would_be_right()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        var (exit, output, _) = await ExplainAsync(world, "notes", token);

        Assert.Equal(1, exit);
        Assert.Contains("FAIL  audience" + Environment.NewLine + "refused: audience_invalid", output, StringComparison.Ordinal);
        Assert.Contains("presented aud: " + World.WeatherResource, output, StringComparison.Ordinal);
        Assert.Contains($"exactly {World.NotesResource}", output, StringComparison.Ordinal);
        Assert.DoesNotContain(token, output, StringComparison.Ordinal);
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("malformed", "not a token")]
    [InlineData("expired", null)]
    public async Task Explain_refuses_what_the_gateway_refuses(string reason, string? text)
    {
        await using var world = await World.StartAsync();
        var token = text ?? world.WeatherToken((_, payload) => payload["exp"] = 1);
        var (exit, output, _) = await ExplainAsync(world, "weather", token);

        Assert.Equal(1, exit);
        Assert.Contains("refused: ", output, StringComparison.Ordinal);
        Assert.True(text is not null || output.Contains(reason, StringComparison.Ordinal), output);
    }

    [Fact]
    public async Task Explain_says_why_there_are_no_keys_and_what_to_do()
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["JwksUrl"] = "http://127.0.0.1:9/jwks");
        var (exit, output, _) = await ExplainAsync(world, "weather", world.WeatherToken());

        Assert.Equal(1, exit);
        Assert.Contains("refused: keys_unavailable", output, StringComparison.Ordinal);
        Assert.Contains("They could not be fetched (connect): nobody listens there", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://elsewhere.example", false)]
    [InlineData(null, true)]
    public async Task Explain_shows_the_clock_skew_of_the_tokens_issuer_alone(string? issuer, bool shown)
    {
        await using var world = await World.StartAsync();
        var (_, output, _) = await ExplainAsync(world, "weather", world.WeatherToken((_, payload) => payload["iss"] = issuer ?? world.As.Issuer));

        Assert.Equal(shown, output.Contains("ClockSkew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Explain_of_an_unknown_server_names_the_known_ones()
    {
        await using var world = await World.StartAsync();
        var (exit, _, errors) = await ExplainAsync(world, "wether", world.WeatherToken());

        Assert.Equal(1, exit);
        Assert.Contains("weather, notes", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_passes_when_everything_answers_and_names_a_refused_subject()
    {
        await using var world = await World.StartAsync();
        world.As.TokenAnswer = Refuse("invalid_grant");
        var (exit, output, errors) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);
        Assert.True(exit == 0, output + errors);
        Assert.Contains("pass  weather client at corp: accepted", output, StringComparison.Ordinal);

        var file = Write(world, world.WeatherToken());
        (_, output, _) = await RunAsync("doctor", "--server", "weather", "--subject-token-file", file, "--config", world.Gateway.ConfigPath);
        Assert.Contains("pass  weather subject token", output, StringComparison.Ordinal);
        Assert.Contains("FAIL  weather exchange: invalid_grant", output, StringComparison.Ordinal);
        Assert.DoesNotContain(World.Secret, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_compares_requested_and_returned_of_one_real_exchange()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        var (_, output, _) = await RunAsync("doctor", "--server", "weather", "--subject-token-file", Write(world, token), "--config", world.Gateway.ConfigPath);

        Assert.Contains($"pass  weather exchange aud: requested {world.Weather.Url}, returned {world.Weather.Url}", output, StringComparison.Ordinal);
        foreach (var compared in new[] { "scope", "sub", "act", "lifetime" })
        {
            Assert.Contains($"pass  weather exchange {compared}: ", output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(token, output, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_tells_a_refused_client_from_a_refused_subject()
    {
        await using var world = await World.StartAsync();
        world.As.TokenAnswer = Refuse("invalid_client");
        var (exit, output, _) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);

        Assert.Equal(1, exit);
        Assert.Contains("FAIL  weather client at corp: invalid_client. Hint: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain(World.Secret, output, StringComparison.Ordinal);
    }

    /// <summary>Whether it is this subject or this client that is denied, the code does not say.</summary>
    [Theory]
    [InlineData("rfc8693")]
    [InlineData("keycloak")]
    [InlineData("okta")]
    [InlineData("auth0-obo")]
    public async Task Doctor_passes_no_client_whom_a_policy_may_deny(string profile)
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Profile"] = profile);
        world.As.TokenAnswer = Refuse("access_denied");
        var (exit, output, errors) = await RunAsync("doctor", "--server", "weather", "--config", world.Gateway.ConfigPath);

        Assert.True(exit == 0, output + errors);
        Assert.DoesNotContain("pass  weather client", output, StringComparison.Ordinal);
        Assert.Contains("note  weather client at corp: its credentials are accepted; whether it may exchange is not known: access_denied ", output, StringComparison.Ordinal);
        Assert.Contains("--subject-token-file", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_says_why_the_authorization_server_refuses_in_its_own_words_and_shows_no_token_that_stands_in_them()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = 400;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync($$"""{"error":"invalid_scope","error_description":"Scope tools is not registered\u001b[31m (asked with {{token}})."}""");
        };
        var (_, output, _) = await RunAsync("doctor", "--server", "weather", "--subject-token-file", Write(world, token), "--config", world.Gateway.ConfigPath);

        Assert.Contains("FAIL  weather exchange: invalid_scope (Scope tools is not registered", output, StringComparison.Ordinal);
        Assert.DoesNotContain(token, output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_says_that_nothing_answers()
    {
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["notes"]!["Destinations"] = new System.Text.Json.Nodes.JsonArray("http://127.0.0.1:9/mcp");
        });
        world.As.TokenAnswer = Refuse("invalid_grant");
        var (exit, output, _) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);

        Assert.Equal(1, exit);
        Assert.Contains("FAIL  notes destination http://127.0.0.1:9/mcp", output, StringComparison.Ordinal);
        Assert.Contains("pass  weather destination", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"keys":[]}""", "\"ES256\", \"PS256\"")]
    [InlineData("""{"keys":[{"kid":"a","kty":"RSA","x5c":["MIIB"]}]}""", "\"ES256\"")]
    [InlineData(null, "\"RS256\"")]
    public async Task Doctor_fails_for_keys_that_verify_nothing_that_is_accepted(string? keys, string algorithms)
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Algorithms"] = System.Text.Json.Nodes.JsonNode.Parse($"[{algorithms}]"));
        world.As.Jwks = keys;

        var (exit, output, _) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);

        Assert.Equal(1, exit);
        Assert.Contains("FAIL  corp keys: the key set was fetched, and no key in it can verify a token", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_asks_once_where_a_real_exchange_shows_that_the_client_is_accepted()
    {
        await using var world = await World.StartAsync();
        var file = Write(world, world.WeatherToken());

        var (exit, output, _) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath, "--server", "weather", "--subject-token-file", file);

        Assert.True(exit == 0, output);
        Assert.Contains("pass  weather client at corp: accepted in the exchange", output, StringComparison.Ordinal);
        Assert.Single(world.As.Exchanges);
    }

    [Fact]
    public async Task Doctor_fails_when_an_invalid_subject_is_exchanged()
    {
        await using var world = await World.StartAsync();
        world.As.TokenAnswer = context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"access_token":"anything","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}""");
        };
        var (exit, output, _) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);

        Assert.Equal(1, exit);
        Assert.Contains("answered an invalid subject token with success", output, StringComparison.Ordinal);
    }

    private static RequestDelegate Refuse(string code) => context =>
    {
        context.Response.StatusCode = 400;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"error":"{{code}}"}""");
    };

    private static string Write(World world, string token)
    {
        var path = Path.Combine(world.Gateway.Directory_, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, token + "\n");
        return path;
    }

    private static Task<(int Exit, string Output, string Errors)> ExplainAsync(World world, string server, string token) =>
        RunAsync("explain", "--server", server, "--token-file", Write(world, token), "--config", world.Gateway.ConfigPath);

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(arguments);
        return (exit, output.ToString(), errors.ToString());
    }
}
