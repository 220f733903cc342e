using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>Security event tokens over real sockets: what one says is done, what is not sound is refused by its code.</summary>
public sealed class SecurityEventTests
{
    private const string Audience = "https://mcp.example.com/security-events/corp";
    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/", Risc = "https://schemas.openid.net/secevent/risc/event-type/";

    [Theory]
    [InlineData(Caep + "session-revoked")]
    [InlineData(Caep + "credential-change")]
    [InlineData(Caep + "token-claims-change")]
    [InlineData(Risc + "account-disabled")]
    [InlineData(Risc + "account-purged")]
    [InlineData(Risc + "credential-compromise")]
    public async Task Events_that_end_tokens_revoke_those_of_whom_they_name_and_nobody_elses(string name)
    {
        await using var world = await StartAsync();
        var (alice, bob) = (world.WeatherToken(), world.WeatherToken((_, payload) => payload["sub"] = "bob"));

        var answer = await SendAsync(world, Event(world, name));

        Assert.Equal((202, ""), (answer.Status, answer.Body));
        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", alice)).Reason);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", bob)).Status);
        Assert.Equal(("security_event", "subject"), (world.Gateway.AuditedRevocations.Single()["source"]!.GetValue<string>(), world.Gateway.AuditedRevocations.Single()["selector"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData(Caep + "device-compliance-change", null)]
    [InlineData("https://schemas.openid.net/secevent/ssf/event-type/verification", null)]
    [InlineData(Caep + "credential-change", "create")]
    public async Task Other_events_are_accepted_and_revoke_nobody(string name, string? change)
    {
        await using var world = await StartAsync();

        Assert.Equal(202, (await SendAsync(world, Event(world, name, payload => payload["events"]![name]!["change_type"] = change))).Status);

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Theory]
    [InlineData("audience", "invalid_audience")]
    [InlineData("issuer", "invalid_issuer")]
    [InlineData("subject issuer", "invalid_issuer")]
    [InlineData("typ", "invalid_request")]
    [InlineData("kid", "invalid_key")]
    [InlineData("jti", "invalid_request")]
    [InlineData("events", "invalid_request")]
    [InlineData("future", "invalid_request")]
    [InlineData("nobody", "invalid_request")]
    public async Task An_unsound_event_is_refused_by_its_code_and_revokes_nobody(string wrong, string code)
    {
        await using var world = await StartAsync();

        var answer = await SendAsync(world, Event(world, Caep + "session-revoked", payload =>
        {
            _ = wrong switch
            {
                "audience" => payload["aud"] = "https://elsewhere.example",
                "issuer" => payload["iss"] = "https://elsewhere.example",
                "subject issuer" => payload["sub_id"]!["iss"] = "https://elsewhere.example",
                "jti" => payload["jti"] = 7,
                "events" => payload["events"] = new JsonObject(),
                "future" => payload["iat"] = payload["iat"]!.GetValue<long>() + 60,
                "nobody" => payload["sub_id"] = new JsonObject { ["format"] = "email", ["email"] = "alice@example.com" },
                _ => null,
            };
        }, header => _ = wrong == "typ" ? header["typ"] = "logout+jwt" : wrong == "kid" ? header["kid"] = "nobody" : null));

        Assert.Equal((400, code), (answer.Status, answer.Json!["err"]!.GetValue<string>()));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task It_hits_tokens_issued_until_it_happened_and_none_later()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock: clock);
        var before = world.WeatherToken();
        clock.Advance(TimeSpan.FromSeconds(10));
        var after = world.WeatherToken();
        var happened = clock.GetUtcNow().ToUnixTimeSeconds() - 5;

        Assert.Equal(202, (await SendAsync(world, Event(world, Caep + "session-revoked", payload => payload["events"]![Caep + "session-revoked"]!["event_timestamp"] = happened))).Status);

        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", before)).Reason);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", after)).Status);
    }

    [Theory]
    [InlineData(20, null)]
    [InlineData(20, 20)]
    [InlineData(0, 80_000)]
    public async Task It_hits_tokens_issued_until_then_by_an_issuer_whose_clock_is_ahead_and_none_of_the_far_future(int ahead, int? happened)
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock: clock);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var before = world.WeatherToken((_, payload) => payload["iat"] = now + Math.Max(0, ahead - 5));

        Assert.Equal(202, (await SendAsync(world, Event(world, Caep + "session-revoked", payload =>
        {
            payload["iat"] = now + ahead;
            payload["events"]![Caep + "session-revoked"]!["event_timestamp"] = happened is { } seconds ? now + seconds : null;
            if (happened is null)
            {
                payload["events"]![Caep + "session-revoked"] = new JsonObject();
            }
        }))).Status);

        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", before)).Reason);
        clock.Advance(TimeSpan.FromSeconds(ahead + 1));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task A_user_and_a_session_are_the_session_and_what_names_none_and_a_known_event_is_accepted_again()
    {
        await using var world = await StartAsync();
        var token = Event(world, Caep + "session-revoked", payload => payload["sub_id"] = new JsonObject
        {
            ["format"] = "complex",
            ["user"] = payload["sub_id"]!.DeepClone(),
            ["session"] = new JsonObject { ["format"] = "opaque", ["id"] = "s-1" },
            ["device"] = new JsonObject { ["format"] = "opaque", ["id"] = "d-1" },
        });

        Assert.Equal(202, (await SendAsync(world, token)).Status);
        Assert.Equal(202, (await SendAsync(world, token)).Status);

        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sid"] = "s-1"))).Reason);
        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Reason);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sid"] = "s-2"))).Status);
    }

    [Theory]
    [InlineData("alice bob", true, true)]
    [InlineData("alice bob unknown foreign", true, true)]
    [InlineData("foreign unknown mallet alice", true, false)]
    [InlineData("jti alice", true, true)]
    [InlineData("alice jti", true, true)]
    [InlineData("foreign-jti alice", true, false)]
    [InlineData("nested alice", true, false)]
    public async Task Of_several_names_of_one_subject_each_that_is_understood_revokes(string aliases, bool alice, bool bob)
    {
        await using var world = await StartAsync();

        Assert.Equal(202, (await SendAsync(world, Event(world, Caep + "session-revoked", payload => payload["sub_id"] = Aliases(world, aliases)))).Status);

        Assert.Equal(alice ? "revoked" : null, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Reason);
        Assert.Equal(bob ? "revoked" : null, (await world.Gateway.CallAsync("/weather", BobsToken(world))).Reason);
    }

    [Theory]
    [InlineData("foreign", "invalid_issuer")]
    [InlineData("foreign-jti unknown", "invalid_issuer")]
    [InlineData("unknown", "invalid_request")]
    [InlineData("mallet", "invalid_request")]
    [InlineData("nested", "invalid_request")]
    [InlineData("", "invalid_request")]
    public async Task Names_of_which_none_is_understood_refuse_the_event(string aliases, string code)
    {
        await using var world = await StartAsync();

        var answer = await SendAsync(world, Event(world, Caep + "session-revoked", payload => payload["sub_id"] = Aliases(world, aliases)));

        Assert.Equal((400, code), (answer.Status, answer.Json!["err"]!.GetValue<string>()));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", BobsToken(world))).Status);
    }

    [Fact]
    public async Task A_user_of_several_names_is_meant_by_each_in_a_complex_subject_and_a_users_other_sessions_are_not()
    {
        await using var world = await StartAsync();

        Assert.Equal(202, (await SendAsync(world, Event(world, Caep + "session-revoked", payload => payload["sub_id"] = new JsonObject
        {
            ["format"] = "complex",
            ["user"] = Aliases(world, "foreign alice bob"),
            ["session"] = new JsonObject { ["format"] = "opaque", ["id"] = "s-1" },
        }))).Status);

        foreach (var user in new[] { "alice", "bob" })
        {
            Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => (payload["sub"], payload["sid"]) = (user, "s-1")))).Reason);
            Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sub"] = user))).Reason);
            Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => (payload["sub"], payload["sid"]) = (user, "s-2")))).Status);
        }
    }

    [Fact]
    public async Task A_complex_subject_whose_user_is_another_issuers_is_anothers()
    {
        await using var world = await StartAsync();

        var answer = await SendAsync(world, Event(world, Caep + "session-revoked", payload => payload["sub_id"] = new JsonObject
        {
            ["format"] = "complex",
            ["user"] = Aliases(world, "foreign"),
            ["session"] = new JsonObject { ["format"] = "opaque", ["id"] = "s-1" },
        }));

        Assert.Equal((400, "invalid_issuer"), (answer.Status, answer.Json!["err"]!.GetValue<string>()));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sid"] = "s-1"))).Status);
    }

    [Fact]
    public async Task Events_that_hold_a_subject_each_revoke_for_each()
    {
        await using var world = await StartAsync();

        Assert.Equal(202, (await SendAsync(world, Event(world, Caep + "session-revoked", payload =>
        {
            payload.Remove("sub_id");
            payload["events"] = new JsonObject
            {
                [Caep + "session-revoked"] = new JsonObject { ["subject"] = Identifier(world, "alice") },
                [Risc + "account-disabled"] = new JsonObject { ["subject"] = Identifier(world, "bob") },
            };
        }))).Status);

        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Reason);
        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", BobsToken(world))).Reason);
    }

    /// <summary>As every body here that anybody may send says what it is.</summary>
    [Theory]
    [InlineData("application/secevent+jwt; charset=utf-8", "identity", 202)]
    [InlineData("application/secevent+jwt", "gzip", 400)]
    [InlineData("application/secevent+jwt; charset=utf-16", null, 400)]
    [InlineData("application/jwt", null, 400)]
    public async Task A_body_is_read_as_what_it_says_that_it_is(string type, string? coding, int status)
    {
        await using var world = await StartAsync();

        var answer = await world.Gateway.SendAsync(HttpMethod.Post, "/security-events/corp", body: Event(world, Caep + "session-revoked"), change: request =>
        {
            request.Content!.Headers.Remove("Content-Type");
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", coding is null ? [] : [coding]);
        });

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task Where_a_token_is_asked_for_the_signature_alone_is_not_enough()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "events-secret\n", TestContext.Current.CancellationToken);
        await using var world = await StartAsync(file);

        foreach (var (bearer, status) in new[] { (null, 400), ("wrong", 400), ("events-secret", 202) })
        {
            var answer = await SendAsync(world, Event(world, Caep + "session-revoked"), bearer);
            Assert.Equal(status, answer.Status);
            Assert.Equal(status == 400 ? "authentication_failed" : null, answer.Json?["err"]!.GetValue<string>());
        }

        File.Delete(file);
    }

    [Fact]
    public async Task While_the_file_with_the_token_is_rewritten_no_event_is_lost_and_a_new_token_counts_within_a_tenth_of_a_second()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "old-secret", TestContext.Current.CancellationToken);
        var clock = new ManualClock();
        await using var world = await StartAsync(file, clock);
        Assert.Equal(202, await StatusAsync("old-secret"));

        await WriteAsync("");
        Assert.Equal(202, await StatusAsync("old-secret"));
        Assert.Equal(400, await StatusAsync(""));
        await WriteAsync("new-secret");
        Assert.Equal(202, await StatusAsync("new-secret"));
        Assert.Equal(400, await StatusAsync("old-secret"));

        File.Delete(file);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(202, await StatusAsync("new-secret"));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(400, await StatusAsync("new-secret"));

        async Task WriteAsync(string content)
        {
            await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(0.1));
        }

        async Task<int> StatusAsync(string bearer) => (await SendAsync(world, Event(world, Caep + "session-revoked"), bearer)).Status;
    }

    private static string BobsToken(World world) => world.WeatherToken((_, payload) => (payload["sub"], payload["jti"]) = ("bob", "bobs"));

    private static JsonObject Aliases(World world, string names) => new()
    {
        ["format"] = "aliases",
        ["identifiers"] = new JsonArray([.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => Identifier(world, name))]),
    };

    /// <summary>An identifier of a user, of Bob's token, or one that nobody here understands.</summary>
    private static JsonObject Identifier(World world, string name) => name switch
    {
        "foreign" => new JsonObject { ["format"] = "iss_sub", ["iss"] = "https://elsewhere.example", ["sub"] = "bob" },
        "foreign-jti" => new JsonObject { ["format"] = "jwt_id", ["iss"] = "https://elsewhere.example", ["jti"] = "bobs" },
        "unknown" => new JsonObject { ["format"] = "email", ["email"] = "bob", ["sub"] = "bob", ["id"] = "bob" },
        "mallet" => new JsonObject { ["format"] = "iss_sub", ["iss"] = world.As.Issuer, ["sub"] = 7 },
        "nested" => Aliases(world, "bob"),
        "jti" => new JsonObject { ["format"] = "jwt_id", ["iss"] = world.As.Issuer, ["jti"] = "bobs" },
        _ => new JsonObject { ["format"] = "iss_sub", ["iss"] = world.As.Issuer, ["sub"] = name },
    };

    private static Task<World> StartAsync(string? tokenFile = null, TimeProvider? clock = null) => World.StartAsync(
        options => options["AuthorizationServers"]!["corp"]!["SecurityEvents"] = new JsonObject { ["Audience"] = Audience, ["TokenFile"] = tokenFile },
        clock ?? new ManualClock());

    private static string Event(World world, string name, Action<JsonObject>? change = null, Action<JsonObject>? changeHeader = null) => world.As.Token(Audience, (header, payload) =>
    {
        header["typ"] = "secevent+jwt";
        foreach (var member in new[] { "client_id", "scope", "sub", "exp", "nbf" })
        {
            payload.Remove(member);
        }

        payload["jti"] = Guid.NewGuid().ToString();
        payload["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = world.As.Issuer, ["sub"] = "alice" };
        payload["events"] = new JsonObject { [name] = new JsonObject() };
        change?.Invoke(payload);
        changeHeader?.Invoke(header);
    });

    private static Task<Answer> SendAsync(World world, string token, string? bearer = null) => world.Gateway.SendAsync(HttpMethod.Post, "/security-events/corp", bearer, change: request =>
    {
        request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(token));
        request.Content.Headers.ContentType = new("application/secevent+jwt");
    });
}
