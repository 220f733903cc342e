using System.Net;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Proof;

/// <summary>A token bound to a key reaches the MCP server with a proof by that key for this very request, and with nothing else.</summary>
public sealed class InboundProofTests
{
    private static readonly TestKey Client = TestKey.Create("ES256", null), Thief = TestKey.Create("ES256", null);

    private static string Token(World world) => world.WeatherToken(ProofForge.BoundTo(Client));

    private static string Proof(string token, Action<JsonObject, JsonObject>? change = null, TestKey? key = null, string method = "POST", string path = "") =>
        ProofForge.Proof(key ?? Client, method, World.WeatherResource + path, token, TimeProvider.System.GetUtcNow(), change);

    private static Task<Answer> CallAsync(World world, string token, params string[] proofs) => world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, proofs, Messages.Call("echo"));

    [Fact]
    public async Task A_bound_token_with_its_proof_reaches_the_server_as_a_hop_token_without_any_proof()
    {
        await using var world = await World.StartAsync();
        var token = Token(world);

        for (var call = 0; call < 2; call++)
        {
            Assert.Equal(200, (await CallAsync(world, token, Proof(token, (_, payload) => payload["content_digest"] = ProofForge.ContentDigest(Messages.Call("echo"))))).Status);
        }

        Assert.Equal(2, world.Weather.Requests.Count);
        foreach (var arrived in world.Weather.Requests)
        {
            Assert.StartsWith("Bearer ", arrived.Headers["Authorization"], StringComparison.Ordinal);
            Assert.DoesNotContain("DPoP", arrived.Headers.Keys, StringComparer.OrdinalIgnoreCase);
            Assert.DoesNotContain(token, arrived.Everything, StringComparison.Ordinal);
        }

        Assert.All(world.Gateway.Audit, line => Assert.Equal("dpop", line["proof"]!.GetValue<string>()));
        Assert.Equal(["issued", "hit"], world.Gateway.Audit.Select(line => line["exchange"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("GET", "", "")]
    [InlineData("DELETE", "", "")]
    [InlineData("POST", "/deeper/path", "?sessionId=1")]
    [InlineData("POST", "/a%20b", "")]
    public async Task A_proof_is_for_the_method_and_the_path_as_the_client_wrote_them(string method, string path, string query)
    {
        await using var world = await World.StartAsync();
        var token = Token(world);
        var body = method == "POST" ? Messages.Call("echo") : null;

        Assert.Equal(200, (await world.Gateway.SendBoundAsync(new HttpMethod(method), "/weather" + path + query, token, [Proof(token, method: method, path: path)], body)).Status);
        Assert.Equal(("invalid_dpop_proof", "htu"), await RefusedAsync(world, new HttpMethod(method), "/weather" + path + query, token, Proof(token, method: method, path: path + "/x"), body));
    }

    [Theory]
    [InlineData("missing", "header")]
    [InlineData("twice", "header")]
    [InlineData("no proof", "form")]
    [InlineData("none", "alg")]
    [InlineData("HS256", "alg")]
    [InlineData("private key", "jwk")]
    [InlineData("other key", "thumbprint")]
    [InlineData("another's signature", "signature")]
    [InlineData("other method", "htm")]
    [InlineData("other path", "htu")]
    [InlineData("other server", "htu")]
    [InlineData("the address behind", "htu")]
    [InlineData("old", "iat")]
    [InlineData("future", "iat")]
    [InlineData("other token", "ath")]
    [InlineData("other body", "content_digest")]
    [InlineData("no id", "jti")]
    public async Task What_is_replayed_or_made_up_reaches_nobody_and_the_check_is_in_the_audit(string kind, string check)
    {
        await using var world = await World.StartAsync();
        var token = Token(world);
        var sound = Proof(token);
        string[] proofs = kind switch
        {
            "missing" => [],
            "twice" => [sound, Proof(token)],
            "no proof" => ["made-up-text"],
            "none" => [Proof(token, (header, _) => header["alg"] = "none")],
            "HS256" => [Proof(token, (header, _) => header["alg"] = "HS256")],
            "private key" => [Proof(token, (header, _) => header["jwk"]!["d"] = "AAAA")],
            "other key" => [Proof(token, key: Thief)],
            "another's signature" => [TokenForge.SignInput(sound[..sound.LastIndexOf('.')], Thief)],
            "other method" => [Proof(token, method: "GET")],
            "other path" => [Proof(token, path: "/other")],
            "other server" => [Proof(token, (_, payload) => payload["htu"] = World.NotesResource)],
            "the address behind" => [Proof(token, (_, payload) => payload["htu"] = world.Gateway.Url + "/weather")],
            "old" => [Proof(token, (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() - 400)],
            "future" => [Proof(token, (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() + 400)],
            "other token" => [Proof(token + "x")],
            "other body" => [Proof(token, (_, payload) => payload["content_digest"] = ProofForge.ContentDigest(Messages.Call("other")))],
            _ => [Proof(token, (_, payload) => payload.Remove("jti"))],
        };

        var answer = await CallAsync(world, token, proofs);

        Assert.Equal((401, "invalid_dpop_proof", "invalid_dpop_proof"), (answer.Status, answer.Reason, answer.Json!["error"]!.GetValue<string>()));
        Assert.Equal(2, answer.Challenges.Count);
        Assert.DoesNotContain("error=", answer.Challenges[0], StringComparison.Ordinal);
        Assert.StartsWith("DPoP error=\"invalid_dpop_proof\", ", answer.Challenges[1], StringComparison.Ordinal);
        Assert.Contains("algs=\"ES256 PS256 RS256\"", answer.Challenges[1], StringComparison.Ordinal);
        world.AssertNothingWasSent();
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal((check, "authentication", null), (line["detail"]!.GetValue<string>(), line["category"]!.GetValue<string>(), line["proof"]?.GetValue<string>()));
        Assert.Equal("alice", line["subject"]!.GetValue<string>());
        Assert.All(proofs, proof => Assert.DoesNotContain(proof.Split('.')[^1], world.Gateway.Log, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_proof_that_was_used_is_worth_nothing_to_whoever_has_seen_it()
    {
        await using var world = await World.StartAsync();
        var token = Token(world);
        var proof = Proof(token);
        Assert.Equal(200, (await CallAsync(world, token, proof)).Status);

        var answer = await CallAsync(world, token, proof);

        Assert.Equal((401, "invalid_dpop_proof"), (answer.Status, answer.Reason));
        Assert.Equal("jti", world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        Assert.Null(world.Gateway.Audit[^1]["proof"]);
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task A_stolen_bound_token_is_worth_nothing_as_a_bearer_token()
    {
        await using var world = await World.StartAsync();
        var token = Token(world);
        Assert.Equal(200, (await CallAsync(world, token, Proof(token))).Status);

        var answer = await world.Gateway.CallAsync("/weather", token, change: request => request.Headers.TryAddWithoutValidation("DPoP", Proof(token)));

        Assert.Equal((401, "sender_constrained"), (answer.Status, answer.Reason));
        Assert.All(answer.Challenges, line => Assert.Contains("error=\"invalid_token\"", line, StringComparison.Ordinal));
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task A_bearer_token_with_a_stray_proof_is_a_bearer_token_and_with_the_scheme_it_is_none()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token, change: request => request.Headers.TryAddWithoutValidation("DPoP", "stray"))).Status);
        Assert.Equal("sender_constrained", (await CallAsync(world, token, Proof(token))).Reason);
        Assert.Null(world.Gateway.Audit[0]["proof"]);
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task Where_a_binding_is_required_bearer_tokens_are_refused_and_everybody_is_told()
    {
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["SenderConstraint"] = "required";
            options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["Algorithms"] = new JsonArray("ES256") };
        });

        var missing = await world.Gateway.CallAsync("/weather", null);
        var bearer = await world.Gateway.CallAsync("/weather", world.WeatherToken());
        var token = Token(world);
        var bound = await CallAsync(world, token, Proof(token));
        var document = (await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource/weather")).Json!;
        var other = (await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource/notes")).Json!;

        Assert.Equal("sender_constrained", bearer.Reason);
        Assert.Equal(200, bound.Status);
        Assert.All(new[] { missing, bearer }, answer => Assert.StartsWith("DPoP ", Assert.Single(answer.Challenges), StringComparison.Ordinal));
        Assert.True(document["dpop_bound_access_tokens_required"]!.GetValue<bool>());
        Assert.Equal("ES256", document["dpop_signing_alg_values_supported"]!.AsArray().Single()!.GetValue<string>());
        Assert.Null(other["dpop_bound_access_tokens_required"]);
        Assert.Equal(3, other["dpop_signing_alg_values_supported"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_proof_comes_after_the_tokens_checks_and_before_everything_else_and_its_use_after_the_body()
    {
        await using var world = await World.StartAsync(options =>
        {
            var weather = options["Servers"]!["weather"]!.AsObject();
            weather["AllowedClients"] = new JsonArray("agent");
            weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "drop", ["Deny"] = true });
        });
        var elsewhere = world.As.Token(World.NotesResource, ProofForge.BoundTo(Client));
        var stranger = world.WeatherToken((header, payload) =>
        {
            ProofForge.BoundTo(Client)(header, payload);
            payload["client_id"] = "stranger";
        });
        var token = Token(world);
        var used = Proof(token);
        Assert.Equal(200, (await CallAsync(world, token, used)).Status);

        Assert.Equal("audience_invalid", (await CallAsync(world, elsewhere, "no proof")).Reason);
        Assert.Equal("invalid_dpop_proof", (await CallAsync(world, stranger, "no proof")).Reason);
        Assert.Equal("client_not_allowed", (await CallAsync(world, stranger, Proof(stranger))).Reason);
        Assert.Equal("body_invalid", (await world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [used], "[]")).Reason);
        Assert.Equal("invalid_dpop_proof", (await world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [used], Messages.Call("drop"))).Reason);
        Assert.Equal("operation_denied", (await world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [Proof(token)], Messages.Call("drop"))).Reason);
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task When_no_more_proofs_can_be_remembered_a_good_one_is_asked_to_come_back()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["ReplayCapacity"] = 1 });
        var token = Token(world);
        Assert.Equal(200, (await CallAsync(world, token, Proof(token))).Status);

        var answer = await CallAsync(world, token, Proof(token));

        Assert.Equal((503, "overloaded"), (answer.Status, answer.Reason));
        Assert.InRange(int.Parse(answer.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 30);
        Assert.Empty(answer.Challenges);
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task A_server_that_hands_out_nonces_cannot_hand_them_to_the_gateways_clients()
    {
        await using var world = await World.StartAsync();
        var sound = world.Weather.Answer;
        world.Weather.Answer = context =>
        {
            context.Response.Headers["DPoP-Nonce"] = "the server's own";
            return sound(context);
        };

        Assert.DoesNotContain("DPoP-Nonce", (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Headers.Keys);
    }

    [Fact]
    public async Task A_browser_may_send_proofs_and_read_nonces()
    {
        const string App = "https://app.example.com";
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["AllowedOrigins"] = new JsonArray(App);
            options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["Nonce"] = "required" };
        });
        var token = Token(world);

        var preflight = await world.Gateway.SendAsync(HttpMethod.Options, "/weather", change: request =>
        {
            request.Headers.Add("Origin", App);
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "authorization, dpop");
        });
        var asked = await world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [Proof(token)], Messages.Call("echo"), request => request.Headers.Add("Origin", App));

        Assert.Contains("DPoP", preflight.Headers["Access-Control-Allow-Headers"].Split(", "));
        Assert.Equal("use_dpop_nonce", asked.Reason);
        Assert.NotEmpty(asked.Headers["DPoP-Nonce"]);
        Assert.Superset(new HashSet<string>(["DPoP-Nonce", "WWW-Authenticate", "Retry-After", "Mcp-Session-Id"]), asked.Headers["Access-Control-Expose-Headers"].Split(", ").ToHashSet());
    }

    private static async Task<(string?, string?)> RefusedAsync(World world, HttpMethod method, string path, string token, string proof, string? body)
    {
        var answer = await world.Gateway.SendBoundAsync(method, path, token, [proof], body);
        Assert.Equal((int)HttpStatusCode.Unauthorized, answer.Status);
        return (answer.Reason, world.Gateway.Audit[^1]["detail"]?.GetValue<string>());
    }
}
