using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>Introspection over real sockets: only a clear and fitting yes lets a token in.</summary>
public sealed class IntrospectionTests
{
    private const string Opaque = "opaque-0123456789";

    [Fact]
    public async Task An_opaque_token_that_is_active_and_for_this_server_is_admitted()
    {
        await using var asked = await AskedWorld.StartAsync("opaque");

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", Opaque)).Status);
        Assert.Equal(Opaque, asked.Forms[0]["token"]);
        Assert.Equal("alice", asked.World.Gateway.Audit[^1]["subject"]!.GetValue<string>());
        Assert.NotEqual(Opaque, Assert.Single(asked.World.Weather.Requests).Token);
    }

    [Theory]
    [InlineData("opaque", "a.b.c.d.e")]
    [InlineData("always", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.text.tag")]
    public async Task A_token_of_five_parts_is_as_opaque_as_any_other(string mode, string token)
    {
        await using var asked = await AskedWorld.StartAsync(mode);
        asked.World.As.TokenAnswer = asked.IssueAsync;

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", token)).Status);
        Assert.Equal(token, asked.Forms[0]["token"]);
    }

    [Fact]
    public async Task Without_introspection_a_token_of_five_parts_is_refused_as_encrypted()
    {
        await using var world = await World.StartAsync();

        Assert.Equal("jwe_not_allowed", (await world.Gateway.CallAsync("/weather", "a.b.c.d.e")).Reason);
    }

    [Theory]
    [InlineData("nbf", "null")]
    [InlineData("token_type", "null")]
    [InlineData("cnf", "null")]
    [InlineData("iss", "null")]
    [InlineData("username", "null")]
    public async Task A_member_that_is_null_is_absent_from_the_answer(string claim, string value)
    {
        await using var asked = await AskedWorld.StartAsync("opaque");
        asked.Change = answer => answer[claim] = JsonNode.Parse(value);

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", Opaque)).Status);
    }

    [Fact]
    public async Task A_time_that_is_a_whole_number_is_one_however_it_is_written()
    {
        await using var asked = await AskedWorld.StartAsync("opaque");
        asked.Change = answer => answer["exp"] = JsonNode.Parse($"{answer["exp"]!.GetValue<long>()}.0");

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", Opaque)).Status);
    }

    [Theory]
    [InlineData("""{"active":false}""", 401, "inactive")]
    [InlineData("""{"active":"true"}""", 503, "introspection_unavailable")]
    [InlineData("""{"active":1}""", 503, "introspection_unavailable")]
    [InlineData("""{"active":true,"active":true}""", 503, "introspection_unavailable")]
    [InlineData("""garbage""", 503, "introspection_unavailable")]
    [InlineData("""[]""", 503, "introspection_unavailable")]
    public async Task An_answer_that_is_no_clear_yes_admits_nobody(string body, int status, string reason)
    {
        await using var asked = await AskedWorld.StartAsync("opaque");
        asked.Body = body;

        await RefusedAsync(asked, Opaque, status, reason);
    }

    [Theory]
    [InlineData("aud", "\"https://mcp.example.com/notes\"", "audience_invalid")]
    [InlineData("aud", null, "audience_invalid")]
    [InlineData("aud", "[\"https://mcp.example.com/weather\",\"https://mcp.example.com/notes\"]", "audience_not_single")]
    [InlineData("iss", "\"https://elsewhere.example\"", "issuer_unknown")]
    [InlineData("iss", "7", "issuer_unknown")]
    [InlineData("exp", null, "claim_type_invalid")]
    [InlineData("exp", "\"soon\"", "claim_type_invalid")]
    [InlineData("exp", "1000", "expired")]
    [InlineData("exp", "250000000000", "lifetime_excessive")]
    [InlineData("nbf", "250000000000", "not_yet_valid")]
    [InlineData("sub", null, "subject_invalid")]
    [InlineData("sub", "\"\"", "subject_invalid")]
    [InlineData("client_id", "7", "claim_type_invalid")]
    [InlineData("cnf", "{}", "sender_constrained")]
    [InlineData("token_type", "\"refresh_token\"", "typ_not_allowed")]
    [InlineData("token_type", "\"DPoP\"", "typ_not_allowed")]
    [InlineData("token_use", "\"refresh_token\"", "typ_not_allowed")]
    [InlineData("typ", "\"Refresh\"", "typ_not_allowed")]
    [InlineData("typ", "\"DPoP\"", "typ_not_allowed")]
    [InlineData("typ", "\"ID\"", "typ_not_allowed")]
    public async Task What_the_answer_says_of_an_opaque_token_passes_the_checks_of_any_token(string claim, string? value, string reason)
    {
        await using var asked = await AskedWorld.StartAsync("opaque");
        asked.Change = answer =>
        {
            answer.Remove(claim);
            if (value is not null)
            {
                answer[claim] = JsonNode.Parse(value);
            }
        };

        await RefusedAsync(asked, Opaque, 401, reason);
    }

    [Theory]
    [InlineData("typ", "opaque")]
    [InlineData("token_type", "opaque")]
    [InlineData("typ", "always")]
    [InlineData("token_type", "always")]
    public async Task A_token_that_is_called_DPoP_is_an_access_token_where_it_is_bound(string member, string mode)
    {
        await using var asked = await AskedWorld.StartAsync(mode);
        asked.Change = answer =>
        {
            answer.Remove("token_type");
            (answer[member], answer["cnf"]) = ("DPoP", new JsonObject { ["jkt"] = "x" });
        };

        await RefusedAsync(asked, mode == "opaque" ? Opaque : asked.World.WeatherToken(), 401, "sender_constrained");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(401)]
    [InlineData(302)]
    [InlineData(204)]
    public async Task An_authorization_server_that_gives_no_word_is_an_outage(int status)
    {
        // Real time: the second try comes after a moment, which nobody moves here.
        await using var asked = await AskedWorld.StartAsync("opaque", TimeProvider.System);
        asked.Status = status;

        var answer = await asked.World.Gateway.CallAsync("/weather", Opaque);

        Assert.Equal(503, answer.Status);
        Assert.Equal("introspection_unavailable", answer.Reason);
        Assert.InRange(int.Parse(answer.Headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture), 1, 30);
        asked.World.AssertNothingWasSent();
    }

    [Fact]
    public async Task Mode_opaque_does_not_ask_about_JWTs()
    {
        await using var asked = await AskedWorld.StartAsync("opaque");

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", asked.World.WeatherToken())).Status);
        Assert.Empty(asked.Forms);
    }

    [Fact]
    public async Task A_token_refused_here_is_shown_to_nobody()
    {
        await using var asked = await AskedWorld.StartAsync("always");
        var gateway = asked.World.Gateway;

        Assert.Equal("audience_invalid", (await gateway.CallAsync("/notes", asked.World.WeatherToken())).Reason);
        Assert.Equal("expired", (await gateway.CallAsync("/weather", asked.World.WeatherToken((_, payload) => payload["exp"] = 1000))).Reason);
        Assert.Equal("too_large", (await gateway.CallAsync("/weather", new string('x', 17_000))).Reason);
        Assert.Empty(asked.Forms);
    }

    [Fact]
    public async Task Mode_always_admits_what_is_active_and_asks_again_when_the_answer_is_too_old()
    {
        await using var asked = await AskedWorld.StartAsync("always");
        var token = asked.World.WeatherToken();
        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", token)).Status);
        asked.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", token)).Status);
        Assert.Single(asked.Forms);
        asked.Body = """{"active":false}""";
        asked.Clock.Advance(TimeSpan.FromSeconds(1));

        var refused = await asked.World.Gateway.CallAsync("/weather", token);

        Assert.Equal(401, refused.Status);
        Assert.Equal("inactive", refused.Reason);
        Assert.Equal(2, asked.Forms.Count);
        Assert.Equal(2, asked.World.Weather.Requests.Count);
    }

    [Fact]
    public async Task A_subject_whose_token_turns_inactive_loses_its_hop_tokens_and_another_does_not()
    {
        await using var asked = await AskedWorld.StartAsync("always");
        var gateway = asked.World.Gateway;
        var (alice, second, bob) = (asked.World.WeatherToken(), asked.World.WeatherToken((_, payload) => payload["jti"] = "token-2"), asked.World.WeatherToken((_, payload) => payload["sub"] = "bob"));
        asked.Change = answer => answer.Remove("sub");
        await gateway.CallAsync("/weather", second);
        await gateway.CallAsync("/weather", bob);
        asked.Body = """{"active":false}""";

        Assert.Equal("inactive", (await gateway.CallAsync("/weather", alice)).Reason);

        await gateway.CallAsync("/weather", second);
        await gateway.CallAsync("/weather", bob);
        Assert.Equal(["issued", "issued", "none", "issued", "hit"], gateway.Audit.Select(line => line["exchange"]!.GetValue<string>()));
    }

    [Fact]
    public async Task What_a_token_that_turns_inactive_loses_is_audited()
    {
        await using var asked = await AskedWorld.StartAsync("always");
        var world = asked.World;
        world.Weather.Answer = Streams.TwoEvents(new TaskCompletionSource().Task);
        var token = world.WeatherToken();
        using var ended = await Listener.OpenAsync(world, HttpMethod.Get, "/weather", token);
        asked.Body = """{"active":false}""";
        asked.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("inactive", (await world.Gateway.CallAsync("/weather", token)).Reason);

        await ended.EndAsync();
        var told = Assert.Single(world.Gateway.AuditedRevocations);
        Assert.Equal(("introspection", "token", 1, 1), (told["source"]!.GetValue<string>(), told["selector"]!.GetValue<string>(), told["streams_ended"]!.GetValue<int>(), told["entries_dropped"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_token_that_turns_inactive_ends_its_own_streams_and_no_others()
    {
        await using var asked = await AskedWorld.StartAsync("always");
        var world = asked.World;
        var more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Weather.Answer = Streams.TwoEvents(more.Task);
        var (first, second) = (world.WeatherToken(), world.WeatherToken((_, payload) => payload["jti"] = "token-2"));
        using var ended = await Listener.OpenAsync(world, HttpMethod.Get, "/weather", first);
        using var left = await Listener.OpenAsync(world, HttpMethod.Get, "/weather", second);
        asked.Body = """{"active":false}""";
        asked.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("inactive", (await world.Gateway.CallAsync("/weather", first)).Reason);

        await ended.EndAsync();
        more.SetResult();
        Assert.Equal("data: 1||data: 2", string.Join("|", await left.LineAsync(), await left.LineAsync(), await left.LineAsync()));
    }

    [Theory]
    [InlineData("Servers/notes/MaxRequestBody", "100000", 1)]
    [InlineData("Servers/weather/RequiredScopes", "[]", 1)]
    [InlineData("AuthorizationServers/corp/Algorithms", "[\"ES256\"]", 1)]
    [InlineData("AuthorizationServers/corp/Introspection/MaxAge", "\"00:00:20\"", 2)]
    [InlineData("AuthorizationServers/corp/Introspection/Mode", "\"always\"", 2)]
    [InlineData("AuthorizationServers/corp/Introspection/Endpoint", "\"{issuer}/introspect\"", 2)]
    [InlineData("AuthorizationServers/corp/Client/Id", "\"another\"", 2)]
    [InlineData("AuthorizationServers/corp/Timeout", "\"00:00:04\"", 2)]
    public async Task What_was_said_of_a_token_outlives_a_reload_unless_it_changes_who_is_asked_and_how(string path, string value, int times)
    {
        await using var asked = await AskedWorld.StartAsync("opaque");
        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", Opaque)).Status);

        asked.Reload(path, value);

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", Opaque)).Status);
        Assert.Equal(times, asked.Forms.Count);
    }

    [Fact]
    public async Task A_token_that_turns_inactive_after_a_reload_takes_its_subjects_hop_tokens_with_it()
    {
        await using var asked = await AskedWorld.StartAsync("opaque");
        var gateway = asked.World.Gateway;
        Assert.Equal(200, (await gateway.CallAsync("/weather", Opaque)).Status);
        asked.Reload("Servers/notes/MaxRequestBody", "100000");
        asked.Body = """{"active":false}""";
        asked.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("inactive", (await gateway.CallAsync("/weather", Opaque)).Reason);

        var told = Assert.Single(gateway.AuditedRevocations);
        Assert.Equal(("introspection", "token", 1), (told["source"]!.GetValue<string>(), told["selector"]!.GetValue<string>(), told["entries_dropped"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData("sub", "\"mallory\"", "subject_invalid")]
    [InlineData("iss", "\"https://elsewhere.example\"", "issuer_unknown")]
    [InlineData("aud", "\"https://mcp.example.com/notes\"", "audience_invalid")]
    [InlineData("aud", "[]", "audience_invalid")]
    [InlineData("aud", "7", "audience_invalid")]
    [InlineData("client_id", "\"another-client\"", "claim_type_invalid")]
    [InlineData("client_id", "7", "claim_type_invalid")]
    [InlineData("token_type", "\"refresh_token\"", "typ_not_allowed")]
    public Task An_active_answer_about_another_token_admits_nobody(string claim, string value, string reason) => AnswerRefusedAsync(claim, value, reason);

    [Theory]
    [InlineData("exp", "1000", "expired")]
    [InlineData("exp", "0", "expired")]
    [InlineData("exp", "\"soon\"", "claim_type_invalid")]
    [InlineData("exp", "1.5", "claim_type_invalid")]
    [InlineData("exp", "-1", "claim_type_invalid")]
    [InlineData("nbf", "250000000000", "not_yet_valid")]
    [InlineData("nbf", "\"2026\"", "claim_type_invalid")]
    [InlineData("iat", "250000000000", "not_yet_valid")]
    [InlineData("iat", "[]", "claim_type_invalid")]
    public Task Times_that_the_answer_names_count_for_a_JWT_beside_its_own(string claim, string value, string reason) => AnswerRefusedAsync(claim, value, reason);

    [Fact]
    public async Task A_JWT_ends_with_the_answer_about_it_also_while_that_is_remembered()
    {
        await using var asked = await AskedWorld.StartAsync("always");
        var token = asked.World.WeatherToken();
        asked.Change = answer => answer["exp"] = asked.Clock.GetUtcNow().ToUnixTimeSeconds() - 20;
        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", token)).Status);

        asked.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("expired", (await asked.World.Gateway.CallAsync("/weather", token)).Reason);
        Assert.Single(asked.Forms);
    }

    [Theory]
    [InlineData("exp", "253402300799")]
    [InlineData("exp", "null")]
    [InlineData("nbf", "null")]
    [InlineData("iat", "0")]
    public async Task Times_of_the_answer_that_take_nothing_from_a_JWT_change_nothing(string claim, string value)
    {
        await using var asked = await AskedWorld.StartAsync("always");
        asked.Change = answer => answer[claim] = JsonNode.Parse(value);

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", asked.World.WeatherToken())).Status);
    }

    [Theory]
    [InlineData("sub")]
    [InlineData("iss")]
    [InlineData("aud")]
    [InlineData("client_id")]
    public async Task An_active_answer_may_leave_out_what_the_token_says_itself(string claim)
    {
        await using var asked = await AskedWorld.StartAsync("always");
        asked.Change = answer => answer.Remove(claim);

        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", asked.World.WeatherToken())).Status);
    }

    [Theory]
    [InlineData("roles", """["admin"]""", """["guest"]""")]
    [InlineData("tenant", "\"acme\"", null)]
    [InlineData("department", null, "7")]
    public async Task A_minted_token_carries_what_the_last_answer_says_and_nothing_of_the_one_before(string claim, string? before, string? after)
    {
        await using var asked = await AskedWorld.StartMintingAsync("opaque", "roles", "tenant", "department");

        var first = await CarriedAsync(asked, Opaque, answer => Set(answer, claim, before));
        Assert.Equal(before, first[claim]?.ToJsonString());
        var second = await CarriedAsync(asked, Opaque, answer => Set(answer, claim, after));
        Assert.Equal(after, second[claim]?.ToJsonString());

        // What is the same as it was is not minted anew.
        Assert.Equal(second["jti"]!.GetValue<string>(), (await CarriedAsync(asked, Opaque, answer => Set(answer, claim, after)))["jti"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("opaque")]
    [InlineData("always")]
    public async Task A_minted_token_ends_no_later_than_the_last_answer_says(string mode)
    {
        await using var asked = await AskedWorld.StartMintingAsync(mode);
        var token = mode == "opaque" ? Opaque : asked.World.WeatherToken();
        var now = asked.World.As.Clock.GetUtcNow().ToUnixTimeSeconds();

        Assert.InRange((await CarriedAsync(asked, token, answer => answer["exp"] = now + 300))["exp"]!.GetValue<long>(), now + 100, now + 300);
        Assert.InRange((await CarriedAsync(asked, token, answer => answer["exp"] = now + 60))["exp"]!.GetValue<long>(), now, now + 60);
    }

    [Fact]
    public async Task What_says_how_the_answer_came_about_and_no_more_is_not_carried_and_mints_nothing_anew()
    {
        await using var asked = await AskedWorld.StartMintingAsync("opaque", "active", "expires_in", "iat", "nbf");
        var now = asked.World.As.Clock.GetUtcNow().ToUnixTimeSeconds();

        var first = await CarriedAsync(asked, Opaque, answer => (answer["expires_in"], answer["iat"]) = (300, now));
        var second = await CarriedAsync(asked, Opaque, answer => (answer["expires_in"], answer["iat"]) = (299, now - 1));

        Assert.Equal(first.ToJsonString(), second.ToJsonString());
        Assert.False(first.ContainsKey("active") || first.ContainsKey("expires_in"));
    }

    [Fact]
    public async Task Of_a_JWT_only_what_it_says_itself_is_carried_whatever_else_the_answer_says()
    {
        await using var asked = await AskedWorld.StartMintingAsync("always", "roles");
        var token = asked.World.WeatherToken();

        var minted = await CarriedAsync(asked, token, answer =>
        {
            answer["roles"] = new JsonArray("admin");
            answer["act"] = new JsonObject { ["sub"] = "agent-7" };
        });

        Assert.Equal("agent-7", minted["act"]!["act"]!["sub"]!.GetValue<string>());
        Assert.Null(minted["roles"]);
    }

    [Theory]
    [InlineData(""" "mcp:read" """, "mcp:read")]
    [InlineData(""" "mcp:write other" """, "mcp:write")]
    [InlineData(""" "mcp:read mcp:write mcp:admin" """, "mcp:read mcp:write")]
    [InlineData(""" "" """, null)]
    [InlineData("null", "mcp:read mcp:write")]
    public async Task A_JWT_has_no_scope_that_the_answer_about_it_leaves_out_and_none_that_it_adds(string said, string? minted)
    {
        await using var asked = await AskedWorld.StartMintingAsync("always");
        var token = asked.World.WeatherToken();

        Assert.Equal("mcp:read mcp:write", (await CarriedAsync(asked, token, answer => answer.Remove("scope")))["scope"]?.GetValue<string>());
        Assert.Equal(minted, (await CarriedAsync(asked, token, answer => answer["scope"] = JsonNode.Parse(said)))["scope"]?.GetValue<string>());
        Assert.Equal("mcp:read mcp:write", (await CarriedAsync(asked, token, answer => answer.Remove("scope")))["scope"]?.GetValue<string>());
    }

    [Fact]
    public async Task A_call_whose_scope_was_taken_back_is_refused_though_the_JWT_still_says_it()
    {
        await using var asked = await AskedWorld.StartAsync("always", change: options => options["Servers"]!["weather"]!["RequiredScopes"] = new JsonArray("mcp:write"));
        asked.Change = answer => answer["scope"] = "mcp:read";

        await RefusedAsync(asked, asked.World.WeatherToken(), 403, "insufficient_scope");
    }

    [Theory]
    [InlineData("""["mcp:read"]""")]
    [InlineData("7")]
    public Task Scopes_of_the_answer_that_cannot_be_read_are_no_word_on_a_JWT(string value) => AnswerRefusedAsync("scope", value, "claim_type_invalid");

    /// <summary>The claims of the token that the MCP server gets when the authorization server, asked anew, answers so.</summary>
    private static async Task<JsonObject> CarriedAsync(AskedWorld asked, string token, Action<JsonObject> change)
    {
        asked.Change = change;
        Assert.Equal(200, (await asked.World.Gateway.CallAsync("/weather", token)).Status);
        return TokenReader.PayloadOf(asked.World.Weather.Requests[^1].Token!);
    }

    private static void Set(JsonObject answer, string claim, string? value)
    {
        if (value is not null)
        {
            answer[claim] = JsonNode.Parse(value);
        }
    }

    private static async Task AnswerRefusedAsync(string claim, string value, string reason)
    {
        await using var asked = await AskedWorld.StartAsync("always");
        asked.Change = answer => answer[claim] = JsonNode.Parse(value);

        await RefusedAsync(asked, asked.World.WeatherToken(), 401, reason);
    }

    private static async Task RefusedAsync(AskedWorld asked, string token, int status, string reason)
    {
        var answer = await asked.World.Gateway.CallAsync("/weather", token);

        Assert.Equal(reason, answer.Reason);
        Assert.Equal(status, answer.Status);
        Assert.DoesNotContain(token, asked.World.Gateway.Log, StringComparison.Ordinal);
        asked.World.AssertNothingWasSent();
    }

    /// <summary>A world whose authorization server is asked about tokens.</summary>
    private sealed class AskedWorld : IAsyncDisposable
    {
        public required World World { get; init; }

        public required ManualClock Clock { get; init; }

        public List<Dictionary<string, string>> Forms { get; } = [];

        public string? Body { get; set; }

        public int Status { get; set; } = 200;

        public Action<JsonObject>? Change { get; set; }

        /// <summary>A world that asks at every request, and mints tokens with these claims.</summary>
        public static Task<AskedWorld> StartMintingAsync(string mode, params string[] carried) => StartAsync(mode, change: options =>
        {
            options["AuthorizationServers"]!["corp"]!["Introspection"]!["MaxAge"] = "00:00:00";
            var keys = Scratch.Directory("gateway-test-");
            SigningKeyFile.Create(keys, "ES256", new ManualClock());
            options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys };
            options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = "local", ["Claims"] = new JsonArray([.. carried]) };
        });

        public static async Task<AskedWorld> StartAsync(string mode, TimeProvider? time = null, Action<JsonObject>? change = null)
        {
            var clock = new ManualClock();
            time ??= clock;
            var world = await World.StartAsync(
                options =>
                {
                    options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject { ["Mode"] = mode };
                    change?.Invoke(options);
                },
                time);
            var asked = new AskedWorld { World = world, Clock = clock };
            world.As.Handle("/introspect", asked.AnswerAsync);
            world.As.TokenAnswer = null;
            if (mode == "opaque")
            {
                // The stub reads the subject out of a JWT; an opaque one has none to read.
                world.As.TokenAnswer = context => asked.IssueAsync(context);
            }

            return asked;
        }

        /// <summary>Serves the configuration with another value in one place.</summary>
        public void Reload(string path, string value)
        {
            var configuration = JsonNode.Parse(File.ReadAllText(World.Gateway.ConfigPath))!["Gateway"]!.DeepClone().AsObject();
            var names = path.Split('/');
            names[..^1].Aggregate((JsonNode)configuration, (node, name) => node[name]!)[names[^1]] = JsonNode.Parse(value.Replace("{issuer}", World.As.Issuer, StringComparison.Ordinal));
            World.Gateway.Write(configuration);
            World.Gateway.Services.GetRequiredService<Reload>().Poll();
            Assert.Equal(2, World.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Number);
        }

        public ValueTask DisposeAsync() => World.DisposeAsync();

        public Task IssueAsync(HttpContext context)
        {
            var token = World.As.Token(World.Weather.Url, (_, payload) =>
            {
                payload["client_id"] = "mcp-gateway";
                payload["jti"] = "hop-1";
            });
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(new JsonObject
            {
                ["access_token"] = token,
                ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
                ["token_type"] = "Bearer",
                ["expires_in"] = 300,
            }.ToJsonString());
        }

        private async Task AnswerAsync(HttpContext context)
        {
            var form = await context.Request.ReadFormAsync();
            Forms.Add(form.ToDictionary(field => field.Key, field => field.Value.ToString()));
            var answer = TokenForge.Payload(World.As.Issuer, World.WeatherResource, World.As.Clock.GetUtcNow());
            answer["active"] = true;
            answer["token_type"] = "Bearer";
            Change?.Invoke(answer);
            context.Response.StatusCode = Status;
            if (Status != 204)
            {
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync(Body ?? answer.ToJsonString());
            }
        }
    }
}
