using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using TokenExchange.AspNetCore;
using Xunit;

namespace Gateway.Tests.HopTokens;

/// <summary>What an MCP server with AddHopToken admits, what it refuses, and how it says so.</summary>
public sealed class HopTokenTests : IAsyncDisposable, ITokenSource
{
    private readonly ManualClock clock = new();

    public TestAuthorizationServer Issuer { get; } = new("", TestKeys.Es256, TestKeys.Rs256, TestKeys.Ps256);

    /// <summary>The cases that name an audience which identifies a server beside its identifier: here there is none.</summary>
    private static readonly Dictionary<string, string> WithoutAliases = new()
    {
        ["alias as audience"] = "audience_invalid",
        ["companion beside the audience"] = "audience_not_single",
    };

    public static TheoryData<string> Names => [.. InboundTokenCases.Cases.Select(@case => @case.Name).Except(TokenRefusalTests.NoHeaderCarries)];

    public string Token(Action<JsonObject, JsonObject>? change = null, TestKey? key = null) =>
        TokenForge.AccessToken(key ?? TestKeys.Es256, Issuer.Issuer, InboundTokenCases.Resource, clock.GetUtcNow(), change);

    public ValueTask DisposeAsync() => Issuer.DisposeAsync();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_token_is_judged_as_the_gateway_judges_it(string name)
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options =>
        {
            options.Resource = InboundTokenCases.Resource;
            options.Algorithms = ["ES256", "PS256", "RS256"];
            options.MaxTokenLifetime = TimeSpan.FromDays(1);
        }, clock);
        var @case = InboundTokenCases.Cases.Single(candidate => candidate.Name == name);
        var token = @case.Token(this);

        var answer = await server.SendAsync(HttpMethod.Post, "/mcp", null, Messages.Call("echo"), request => request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token));

        var expected = WithoutAliases.GetValueOrDefault(name, @case.Reason);
        if (expected == "accepted")
        {
            Assert.Equal(200, answer.Status);
            return;
        }

        Assert.Equal(TokenRefusalTests.ReasonOverHttp(token, expected), answer.Reason);
        Assert.Equal(answer.Reason is "multiple_credentials" or "credentials_malformed" ? 400 : 401, answer.Status);
        Assert.Empty(server.Admitted);
    }

    [Fact]
    public async Task The_endpoint_sees_the_claims_under_their_own_names()
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options => options.Resource = InboundTokenCases.Resource, clock);
        server.Says = context => string.Join(' ', context.User.Claims.Select(claim => $"{claim.Type}={claim.Value}")) + $" name={context.User.Identity!.Name}";

        var answer = await server.CallAsync(Token((_, payload) => payload["act"] = new JsonObject { ["sub"] = "https://mcp.example.com/weather" }));

        Assert.Equal(
            $$"""scope=mcp:read scope=mcp:write iss={{Issuer.Issuer}} sub=alice aud={{InboundTokenCases.Resource}} client_id=agent jti=token-1 iat={{clock.GetUtcNow().ToUnixTimeSeconds()}} exp={{clock.GetUtcNow().ToUnixTimeSeconds() + 300}} act={"sub":"https://mcp.example.com/weather"} name=alice""",
            answer.Body);
        Assert.Equal(["https://mcp.example.com/weather"], server.Admitted.Single().Token.Actors);
    }

    [Fact]
    public async Task Without_a_token_the_challenge_says_where_to_get_one_and_names_no_error()
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options => options.RequiredScopes = ["mcp:read"], clock);

        var answer = await server.CallAsync(null);

        Assert.Equal((401, "token_missing"), (answer.Status, answer.Reason));
        const string common = """resource_metadata="https://weather.internal/.well-known/oauth-protected-resource/mcp", scope="mcp:read" """;
        Assert.Equal(["Bearer " + common.Trim(), "DPoP " + common.Trim() + ", algs=\"ES256 PS256 RS256\""], answer.Challenges);
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task A_token_that_is_not_acceptable_is_told_apart_from_a_request_that_is_none()
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, clock: clock);
        var sound = TokenForge.AccessToken(TestKeys.Es256, Issuer.Issuer, HopServer.Resource, clock.GetUtcNow());

        var elsewhere = await server.CallAsync(Token());
        var twice = await server.SendAsync(HttpMethod.Post, "/mcp?access_token=x", sound, "{}");
        var query = await server.SendAsync(HttpMethod.Post, "/mcp?access_token=" + sound, null, "{}");
        var list = await server.SendAsync(HttpMethod.Post, "/mcp?a;access_token[]=" + sound, null, "{}");
        var basic = await server.SendAsync(HttpMethod.Post, "/mcp", null, "{}", request => request.Headers.TryAddWithoutValidation("Authorization", "Basic eDp5"));

        Assert.Equal(
            ["401 audience_invalid", "400 multiple_credentials", "400 token_in_query", "400 token_in_query", "401 token_missing"],
            new[] { elsewhere, twice, query, list, basic }.Select(answer => $"{answer.Status} {answer.Reason}"));
        Assert.StartsWith("Bearer error=\"invalid_token\", error_description=\"", elsewhere.Challenges[0], StringComparison.Ordinal);
        Assert.StartsWith("Bearer error=\"invalid_request\", error_description=\"", twice.Challenges[0], StringComparison.Ordinal);
        Assert.Contains("resource_metadata=\"https://weather.internal/", query.Challenges[0], StringComparison.Ordinal);
        Assert.Equal(200, (await server.CallAsync(sound)).Status);
        Assert.Single(server.Admitted);
    }

    [Fact]
    public async Task A_token_without_the_scope_is_told_which_one_is_needed()
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options => (options.Resource, options.RequiredScopes) = (InboundTokenCases.Resource, ["mcp:read", "mcp:admin"]), clock);

        var answer = await server.CallAsync(Token());

        Assert.Equal((403, "insufficient_scope"), (answer.Status, answer.Reason));
        Assert.StartsWith("Bearer error=\"insufficient_scope\"", answer.Challenges[0], StringComparison.Ordinal);
        Assert.Contains("scope=\"mcp:admin mcp:read\"", answer.Challenges[0], StringComparison.Ordinal);
        Assert.Equal(200, (await server.CallAsync(Token((_, payload) => payload["scope"] = "mcp:read mcp:admin"))).Status);
    }

    [Fact]
    public async Task The_resource_document_is_served_to_everybody()
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options =>
        {
            options.RequiredScopes = ["mcp:read"];
            options.ResourceName = "Weather";
            options.RequireProof = true;
        });
        const string path = "/.well-known/oauth-protected-resource/mcp";

        var document = await server.SendAsync(HttpMethod.Get, path);

        Assert.Equal(
            $$"""{"resource":"https://weather.internal/mcp","authorization_servers":["{{Issuer.Issuer}}"],"scopes_supported":["mcp:read"],"bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":["ES256","PS256","RS256"],"dpop_bound_access_tokens_required":true,"resource_name":"Weather"}""",
            document.Body);
        Assert.Equal(("*", "application/json"), (document.Headers["Access-Control-Allow-Origin"], document.Headers["Content-Type"]));
        Assert.Equal(204, (await server.SendAsync(HttpMethod.Options, path)).Status);
        Assert.Equal(405, (await server.SendAsync(HttpMethod.Delete, path)).Status);
        Assert.Equal(404, (await server.SendAsync(HttpMethod.Get, path + "/more")).Status);
        Assert.Equal(404, (await server.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource")).Status);
    }

    [Fact]
    public async Task A_key_that_was_removed_is_forgotten_within_a_minute_and_a_new_one_is_taken_at_once()
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, clock: clock);
        var keys = server.Service<HopTokenServers>().Of(HopTokenDefaults.AuthenticationScheme).Keys.Keys;
        string By(TestKey key) => TokenForge.AccessToken(key, Issuer.Issuer, HopServer.Resource, clock.GetUtcNow(), (_, payload) => payload["jti"] = Guid.NewGuid().ToString());
        var remembered = By(TestKeys.Es256);
        Assert.Equal("accepted", await server.ReasonAsync(remembered));

        // The interval between two fetches that tokens ask for has passed; that of the clock has not.
        clock.Advance(TimeSpan.FromSeconds(1));
        Issuer.Keys = [TestKeys.Stranger];
        Assert.Equal("accepted", await server.ReasonAsync(By(TestKeys.Stranger)));
        Assert.Equal("401 kid_unknown", await server.ReasonAsync(By(TestKeys.Es256)));
        Assert.Equal("401 kid_unknown", await server.ReasonAsync(remembered));

        // Without any new key that would hurry it, the clock alone finds out.
        Issuer.Keys = [TestKeys.Rs256];
        var last = By(TestKeys.Stranger);
        Assert.Equal("accepted", await server.ReasonAsync(last));
        for (var seconds = 0; seconds < 60; seconds += 10)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            await keys.Fetching;
        }

        Assert.Equal("401 kid_unknown", await server.ReasonAsync(last));
        Assert.Equal("accepted", await server.ReasonAsync(By(TestKeys.Rs256)));
    }

    [Fact]
    public async Task Without_keys_nobody_is_refused_for_good()
    {
        Issuer.JwksAnswer = DocumentAnswer.ServerError;
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options => options.Resource = InboundTokenCases.Resource, clock);

        var answer = await server.CallAsync(Token());

        Assert.Equal((503, "keys_unavailable"), (answer.Status, answer.Reason));
        Assert.Empty(answer.Challenges);
        Assert.Equal("5", answer.Headers["Retry-After"]);
    }

    [Theory]
    [InlineData("https://weather.internal/m%20cp", "/m%20cp")]
    [InlineData("https://weather.internal/a%2Fb/%C3%A9", "/a%2Fb/%C3%A9")]
    [InlineData("https://weather.internal/mcp/", "/mcp")]
    [InlineData("https://weather.internal", "")]
    public async Task The_challenge_leads_to_the_resource_document_whatever_is_escaped_in_the_identifier(string resource, string path)
    {
        await using var server = await HopServer.StartAsync(Issuer.Issuer, options => options.Resource = resource);
        var document = "/.well-known/oauth-protected-resource" + path;

        Assert.Contains($"resource_metadata=\"https://weather.internal{document}\"", (await server.CallAsync(null)).Challenges[0], StringComparison.Ordinal);
        Assert.Contains($"\"resource\":\"{resource}\"", (await server.SendAsync(HttpMethod.Get, document)).Body, StringComparison.Ordinal);
    }

    public static TheoryData<Action<HopTokenOptions>, string> Unusable => new()
    {
        { options => options.Resource = "https://w\u00e9ather.internal/mcp", "Resource is 'https://w\u00e9ather.internal/mcp'" },
        { options => options.Resource = "urn:w\u00e9ather", "Resource is 'urn:w\u00e9ather'" },
        { options => options.Issuer = "https://b\u00fccher.example/hop", "Issuer is" },
        { options => (options.RequireProof, options.Address) = (true, new Uri("https://w\u00e9ather.internal/mcp")), "Address must be" },
        { options => options.JwksUrl = new Uri("http://mcp.example.com/hop/jwks"), "MetadataUrl and JwksUrl must be" },
        { options => options.JwksUrl = new Uri("/hop/jwks", UriKind.Relative), "MetadataUrl and JwksUrl must be" },
        { options => options.MetadataUrl = new Uri("https://user@mcp.example.com/hop"), "MetadataUrl and JwksUrl must be" },
        { options => options.MetadataUrl = new Uri("file:///etc/issuer"), "MetadataUrl and JwksUrl must be" },
        { options => options.MaxBodyBytes = int.MaxValue, "MaxBodyBytes must be" },
        { options => options.AuthorizationServers = ["corp"], "AuthorizationServers must be" },
        { options => options.AuthorizationServers = ["https://issuer.example?tenant=1"], "AuthorizationServers must be" },
        { options => options.ResourceName = " ", "ResourceName must be" },
        { options => options.ResourceName = "a\ud800b", "ResourceName must be" },
        { options => options.ResourceName = "a\nb", "ResourceName must be" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task What_could_never_be_challenged_with_or_fetched_ends_the_start(Action<HopTokenOptions> change, string told)
    {
        var thrown = await Assert.ThrowsAsync<ArgumentException>(() => HopServer.StartAsync("https://mcp.example.com/hop", change));

        Assert.Contains(told, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_may_be_fetched_over_http_where_that_is_allowed_and_with_a_query()
    {
        await using var server = await HopServer.StartAsync("https://mcp.example.com/hop", options =>
            (options.AllowHttp, options.MetadataUrl, options.JwksUrl) = (true, new Uri("https://mcp.example.com/hop?tenant=a"), new Uri("http://gateway.mcp.svc/hop/jwks")));

        Assert.Equal("401 token_missing", await server.ReasonAsync(null));
    }

    [Fact]
    public async Task Options_that_are_not_safe_end_the_start_with_every_problem()
    {
        var thrown = await Assert.ThrowsAsync<ArgumentException>(() => HopServer.StartAsync("http://issuer.example/hop", options =>
        {
            options.Resource = "weather";
            options.Algorithms = ["ES256", "HS256"];
            options.ClockSkew = TimeSpan.FromMinutes(6);
            options.RequireProof = true;
        }));

        foreach (var named in new[] { "Issuer is 'http://issuer.example/hop'", "Resource is 'weather'", "Algorithms must be of", "ClockSkew must be", "Proofs are required" })
        {
            Assert.Contains(named, thrown.Message, StringComparison.Ordinal);
        }
    }
}
