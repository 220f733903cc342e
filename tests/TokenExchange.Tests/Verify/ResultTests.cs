using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Result;
using TokenExchange.Outbound.Sender;
using Xunit;

namespace TokenExchange.Tests.Verify;

public sealed class ResultTests : IAsyncLifetime
{
    private const string Target = "https://weather.internal/mcp";
    private const string Inbound = "https://mcp.example/weather";
    private static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();

    private static readonly Case[] Cases =
    [
        new("sound", "issued", t => t.Token()),
        new("typ JWT", "issued", t => t.Header(h => h["typ"] = "JWT")),
        new("no typ", "issued", t => t.Header(h => h.Remove("typ"))),
        new("narrower scope", "issued", t => t.Payload(p => p["scope"] = "mcp:read")),
        new("a scope that the server adds", "issued", t => t.Payload(p => p["scope"] = "openid mcp:read")),
        new("both result audiences", "issued", t => t.Payload(p => p["aud"] = new JsonArray(Target, "weather-client"))),
        new("our client as actor", "issued", t => t.Payload(p => p["act"] = JsonNode.Parse("""{"sub":"mcp-gateway","act":{"sub":"agent"}}"""))),
        new("our client as actor's client", "issued", t => t.Payload(p => p["act"] = JsonNode.Parse("""{"client_id":"mcp-gateway"}"""))),
        new("expiry in an hour", "issued", t => t.Payload(p => p["exp"] = Seconds(3600))),

        new("empty", "result_shape", _ => ""),
        new("opaque", "result_shape", _ => "opaque-token"),
        new("encrypted", "result_shape", t => t.Token() + ".e30.e30"),
        new("line break", "result_shape", t => t.Token() + "\r\nX: y"),
        new("space", "result_shape", t => t.Token() + " x"),
        new("over 16 KiB", "result_shape", t => t.Payload(p => p["pad"] = new string('x', 16 * 1024))),
        new("duplicate member", "result_shape", t => TokenForge.Sign("""{"alg":"ES256","kid":"es256"}""", TokenForge.Payload(t.issuer!.Issuer, Target, Now).ToJsonString()[..^1] + ",\"aud\":\"x\"}", TestKeys.Es256)),
        new("crit", "result_shape", t => t.Header(h => h["crit"] = new JsonArray("x"))),
        new("jwk", "result_shape", t => t.Header(h => h["jwk"] = TestKeys.Es256.Jwk())),
        new("logout token", "result_shape", t => t.Header(h => h["typ"] = "logout+jwt")),
        new("ID-JAG", "result_shape", t => t.Header(h => h["typ"] = "oauth-id-jag+jwt")),
        new("ID token", "result_shape", t => t.Typed("JWT", p => p["nonce"] = "n-0S6_WzA2Mj")),
        new("ID token without typ", "result_shape", t => t.Typed(null, p => p["at_hash"] = "MTIzNDU2Nzg5MDEyMzQ1Ng")),
        new("logout token from before explicit typing", "result_shape", t => t.Typed("JWT", p => p["events"] = new JsonObject())),
        new("Keycloak's ID token", "result_shape", t => t.Typed("JWT", p => p["typ"] = "ID")),
        new("Keycloak's access token", "issued", t => t.Typed("JWT", p => p["typ"] = "Bearer")),
        new("at+jwt with a nonce", "issued", t => t.Payload(p => p["nonce"] = "n-0S6_WzA2Mj")),
        new("typ a number", "result_shape", t => t.Header(h => h["typ"] = 1)),
        new("exp a string", "result_shape", t => t.Payload(p => p["exp"] = "soon")),
        new("aud an object", "result_shape", t => t.Payload(p => p["aud"] = new JsonObject())),

        new("another issuer", "result_issuer", t => t.Payload(p => p["iss"] = "https://other.example")),
        new("issuer with a slash more", "result_issuer", t => t.Payload(p => p["iss"] = t.issuer!.Issuer + "/")),
        new("no issuer", "result_issuer", t => t.Payload(p => p.Remove("iss"))),
        new("another key", "result_signature", t => t.Token(TestKeys.Stranger.As(kid: "es256"))),
        new("unknown kid", "result_signature", t => t.Token(TestKeys.Stranger)),
        new("no kid", "result_signature", t => t.Header(h => h.Remove("kid"))),
        new("alg none", "result_signature", t => t.Header(h => h["alg"] = "none")),
        new("no alg", "result_signature", t => t.Header(h => h.Remove("alg"))),
        new("HS256", "result_signature", t => t.Header(h => h["alg"] = "HS256")),
        new("no signature", "result_signature", t => t.Token()[..(t.Token().LastIndexOf('.') + 1)]),

        new("for the requester", "result_audience", t => t.Payload(p => p["aud"] = "mcp-gateway")),
        new("for another server", "result_audience", t => t.Payload(p => p["aud"] = "https://mail.internal/mcp")),
        new("one slash off", "result_audience", t => t.Payload(p => p["aud"] = Target + "/")),
        new("no audience", "result_audience", t => t.Payload(p => p.Remove("aud"))),
        new("empty array of audiences", "result_audience", t => t.Payload(p => p["aud"] = new JsonArray())),
        new("an extra audience", "result_audience_extra", t => t.Payload(p => p["aud"] = new JsonArray(Target, "https://mail.internal/mcp"))),
        new("for the gateway itself", "result_boomerang", t => t.Payload(p => p["aud"] = Inbound)),
        new("for the gateway as well", "result_boomerang", t => t.Payload(p => p["aud"] = new JsonArray(Target, Inbound))),

        new("another subject", "result_subject", t => t.Payload(p => p["sub"] = "service-account-mcp-gateway")),
        new("a subject in another case", "result_subject", t => t.Payload(p => p["sub"] = "Alice")),
        new("no subject", "result_subject", t => t.Payload(p => p.Remove("sub"))),
        new("the subject in an array", "result_subject", t => t.Payload(p => p["sub"] = new JsonArray("alice"))),

        new("no expiry", "result_lifetime", t => t.Payload(p => p.Remove("exp"))),
        new("expired", "result_lifetime", t => t.Payload(p => p["exp"] = Seconds(0))),
        new("nbf ahead", "result_lifetime", t => t.Payload(p => p["nbf"] = Seconds(31))),
        new("iat ahead", "result_lifetime", t => t.Payload(p => p["iat"] = Seconds(31))),
        new("lives too long", "result_lifetime", t => t.Payload(p => p["exp"] = Seconds(3601))),
        new("lives too long, issued long ago", "result_lifetime", t => t.Payload(p => p["iat"] = Seconds(-3400))),
        new("lives too long from now", "result_lifetime", t => t.Payload(p => { p.Remove("iat"); p["exp"] = Seconds(3631); })),
        new("expiry at the end of time", "result_lifetime", t => t.Payload(p => p["exp"] = 253402300799)),

        new("wider scope", "result_scope", t => t.Payload(p => p["scope"] = "mcp:read mcp:admin")),
        new("wider scp", "result_scope", t => t.Payload(p => { p.Remove("scope"); p["scp"] = new JsonArray("mcp:admin"); })),
        new("scope in another case", "result_scope", t => t.Payload(p => p["scope"] = "MCP:read")),

        new("another actor", "result_actor", t => t.Payload(p => p["act"] = JsonNode.Parse("""{"sub":"somebody"}"""))),
        new("our client only as nested actor", "result_actor", t => t.Payload(p => p["act"] = JsonNode.Parse("""{"sub":"somebody","act":{"sub":"mcp-gateway"}}"""))),
        new("an actor that is no object", "result_actor", t => t.Payload(p => p["act"] = "mcp-gateway")),
        new("a client of our name at another issuer", "result_actor", t => t.Payload(p => p["act"] = JsonNode.Parse("""{"sub":"mcp-gateway","iss":"https://elsewhere.example"}"""))),
        new("a client of our name at an issuer that is no text", "result_actor", t => t.Payload(p => p["act"] = JsonNode.Parse("""{"client_id":"mcp-gateway","iss":[]}"""))),
    ];

    private TestAuthorizationServer? issuer;
    private AuthorizationServer? server;
    private readonly ManualClock clock = new();

    public static TheoryData<string> Names => [.. Cases.Select(@case => @case.Name)];

    public ValueTask InitializeAsync()
    {
        issuer = new TestAuthorizationServer();
        server = new AuthorizationServer(new AuthorizationServerSettings { Name = "corp", Issuer = issuer.Issuer }, clock, NullLoggerFactory.Instance);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        server!.Dispose();
        await issuer!.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_result_gets_the_detail_of_its_first_failed_check(string name)
    {
        var @case = Cases.Single(candidate => candidate.Name == name);

        Assert.Equal(@case.Detail, await DetailAsync(@case.Token(this)));
    }

    [Fact]
    public async Task An_issued_token_carries_what_it_says_and_the_earlier_expiry()
    {
        var result = Assert.IsType<ExchangeResult.Issued>(await VerifyAsync(Token(), expiresIn: TimeSpan.FromSeconds(60)));

        Assert.Equal(Now.AddSeconds(60), result.Token.ExpiresAt);
        Assert.Equal(Inbound, result.Token.InboundResource);
        Assert.Equal([Target], result.Token.Audiences);
        Assert.Equal("mcp:read mcp:write", result.Token.Scopes.ToString());
        Assert.Equal("token-1", result.Token.TokenId);
        Assert.Equal(ExchangeOrigin.Issued, result.Origin);
        var longer = Assert.IsType<ExchangeResult.Issued>(await VerifyAsync(Token(), expiresIn: TimeSpan.FromHours(3)));
        Assert.Equal(Now.AddSeconds(300), longer.Token.ExpiresAt);
    }

    [Fact]
    public async Task The_subject_token_echoed_back_is_a_boomerang()
    {
        var token = Token();

        Assert.Equal("result_boomerang", await DetailAsync(token, subjectToken: token));
        Assert.Equal("result_boomerang", await DetailAsync("opaque", subjectToken: "opaque", change: target => target with { ResultIsJwt = false }, expiresIn: TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task A_wider_scope_of_the_answer_counts_as_much_as_the_tokens()
    {
        Assert.Equal("result_scope", await DetailAsync(Token(), scope: "mcp:read mcp:admin"));
        Assert.Equal("issued", await DetailAsync(Token(), scope: "mcp:read profile", change: target => target with { ExtraResultScopes = ScopeSet.Of("profile") }));
    }

    [Fact]
    public async Task Its_signature_is_not_checked_on_the_thread_that_brought_the_answer()
    {
        await VerifyAsync(Token());

        Assert.True(await SignatureThreadsTests.WaitsForOneAsync(async () => Assert.IsType<ExchangeResult.Issued>(await VerifyAsync(Token()))));
    }

    [Fact]
    public async Task Nothing_asked_for_admits_only_the_scopes_that_the_operator_admits()
    {
        Assert.Equal("result_scope", await DetailAsync(Token(), requested: ""));
        Assert.Equal("issued", await DetailAsync(Payload(p => p.Remove("scope")), requested: ""));
        Assert.Equal("issued", await DetailAsync(Payload(p => p["scope"] = "openid"), requested: ""));
    }

    [Fact]
    public async Task All_configured_subject_claims_must_be_there_and_equal()
    {
        OutboundTarget Entra(OutboundTarget target) => target with { SubjectClaims = ["oid", "tid"] };
        var claims = new JsonObject { ["oid"] = "o1", ["tid"] = "t1" };

        Assert.Equal("issued", await DetailAsync(Payload(p => { p["oid"] = "o1"; p["tid"] = "t1"; p["sub"] = "pairwise"; }), change: Entra, subjectClaims: claims));
        Assert.Equal("result_subject", await DetailAsync(Payload(p => { p["oid"] = "o1"; p["tid"] = "t2"; }), change: Entra, subjectClaims: claims));
        Assert.Equal("result_subject", await DetailAsync(Payload(p => p["oid"] = "o1"), change: Entra, subjectClaims: claims));
        Assert.Equal("result_subject", await DetailAsync(Payload(p => { p["oid"] = "o1"; p["tid"] = "t1"; }), change: Entra));
        Assert.Equal("result_subject", await DetailAsync(Payload(p => p["oid"] = null), change: target => target with { SubjectClaims = ["oid"] }, subjectClaims: new JsonObject { ["oid"] = null }));
        Assert.Equal("result_subject", await DetailAsync(Token(), change: target => target with { SubjectClaims = [] }));
    }

    [Theory]
    [InlineData("\"\"", "result_subject")]
    [InlineData("\" \"", "result_subject")]
    [InlineData("\"\\t\"", "result_subject")]
    [InlineData("7", "issued")]
    [InlineData("{\"realm\":\"a\"}", "issued")]
    public async Task A_blank_claim_is_nobody_even_where_both_say_it(string claim, string expected) =>
        Assert.Equal(expected, await DetailAsync(Payload(p => p["oid"] = JsonNode.Parse(claim)), change: target => target with { SubjectClaims = ["oid"] }, subjectClaims: new JsonObject { ["oid"] = JsonNode.Parse(claim) }));

    /// <summary>The skew is 30 s, the longest life an hour.</summary>
    [Theory]
    [InlineData("nbf", 30, "issued")]
    [InlineData("nbf", 31, "result_lifetime")]
    [InlineData("iat", 30, "issued")]
    [InlineData("iat", 31, "result_lifetime")]
    public async Task A_clock_that_is_ahead_is_excused_to_the_second(string claim, int seconds, string expected) =>
        Assert.Equal(expected, await DetailAsync(Payload(p => p[claim] = Seconds(seconds))));

    [Theory]
    [InlineData(30, 3630, "issued")]
    [InlineData(30, 3631, "result_lifetime")]
    [InlineData(0, 3600, "issued")]
    [InlineData(0, 3601, "result_lifetime")]
    [InlineData(null, 3630, "issued")]
    [InlineData(null, 3631, "result_lifetime")]
    public async Task A_life_is_too_long_by_a_second(int? issued, int expires, string expected) => Assert.Equal(expected, await DetailAsync(Payload(p =>
    {
        p.Remove("iat");
        if (issued is { } at)
        {
            p["iat"] = Seconds(at);
        }

        p["exp"] = Seconds(expires);
    })));

    [Fact]
    public async Task An_actor_is_refused_where_no_client_of_ours_can_be_meant()
    {
        var token = Payload(p => p["act"] = JsonNode.Parse("""{"sub":"mcp-gateway"}"""));

        Assert.Equal("result_actor", await DetailAsync(token, change: target => target with { ClientId = null }));
    }

    [Theory]
    [InlineData("opaque-token", 60, null, "issued")]
    [InlineData("opaque-token", 3600, "mcp:read", "issued")]
    [InlineData("opaque-token", null, null, "result_lifetime")]
    [InlineData("opaque-token", 3601, null, "result_lifetime")]
    [InlineData("opaque-token", 0, null, "result_lifetime")]
    [InlineData("opaque-token", 60, "mcp:admin", "result_scope")]
    [InlineData("opaque token", 60, null, "result_shape")]
    [InlineData("opaque\r\ntoken", 60, null, "result_shape")]
    [InlineData("opaqu\u00e9", 60, null, "result_shape")]
    [InlineData("", 60, null, "result_shape")]
    public async Task Of_an_opaque_result_the_answer_is_judged(string token, int? seconds, string? scope, string expected)
    {
        TimeSpan? expiresIn = seconds is { } life ? TimeSpan.FromSeconds(life) : null;

        Assert.Equal(expected, await DetailAsync(token, scope: scope, expiresIn: expiresIn, change: target => target with { ResultIsJwt = false }));
    }

    /// <summary>What came in, what comes back in the token and beside it, and the check that must say no.</summary>
    public static TheoryData<string?, string?, string?, string> Details => new()
    {
        // Equal as JSON: member order and the spelling of numbers do not count, everything else does.
        { """[{"type":"pay","amount":10,"to":{"a":1,"b":[1,2]}}]""", """[{"to":{"b":[1.0,2e0],"a":1},"amount":10.00,"type":"pay"}]""", null, "issued" },
        { """[{"type":"pay","amount":12345678901234567890}]""", """[{"type":"pay","amount":12345678901234567891}]""", null, "result_authorization_details" },
        { """[{"type":"pay","amount":0.1}]""", """[{"type":"pay","amount":0.10000000000000001}]""", null, "result_authorization_details" },
        { """[{"type":"pay","amount":10}]""", """[{"type":"pay","amount":"10"}]""", null, "result_authorization_details" },
        { """[{"type":"pay","amount":10}]""", """[{"type":"pay","amount":1e99999999999}]""", null, "result_authorization_details" },
        { """[{"type":"pay","amount":1e99999999999}]""", """[{"type":"pay","amount":1e99999999999}]""", null, "result_authorization_details" },
        { """[{"type":"pay","amount":1}]""", """[{"type":"pay","amount":1,"locations":["https://weather.internal/mcp"],"x":1E-99999999999}]""", null, "result_authorization_details" },
        { """[{"type":"pay","to":["a","b"]}]""", """[{"type":"pay","to":["b","a"]}]""", null, "result_authorization_details" },
        { """[{"type":"pay","x":null}]""", """[{"type":"pay"}]""", null, "result_authorization_details" },

        // Fewer, but not none; never others, never more.
        { """[{"type":"read"},{"type":"pay"}]""", """[{"type":"read"}]""", null, "issued" },
        { """[{"type":"read"}]""", """[{"type":"read"},{"type":"read"}]""", null, "issued" },
        { """[{"type":"read"}]""", """[{"type":"read"},{"type":"pay"}]""", null, "result_authorization_details" },
        { """[{"type":"read"}]""", """[{"type":"read","actions":["all"]}]""", null, "result_authorization_details" },
        { """[{"type":"read","actions":["one"]}]""", """[{"type":"read"}]""", null, "result_authorization_details" },
        { """[{"type":"read"}]""", null, null, "result_authorization_details" },
        { """[{"type":"read"}]""", "[]", null, "result_authorization_details" },
        { null, """[{"type":"read"}]""", null, "result_authorization_details" },
        { "[]", """[{"type":"read"}]""", null, "result_authorization_details" },
        { "[]", "[]", null, "issued" },
        { null, "[]", null, "issued" },
        { null, """{"type":"read"}""", null, "result_authorization_details" },
        { null, "null", null, "result_authorization_details" },
        { """[{"type":"read"}]""", """["read"]""", null, "result_authorization_details" },

        // The answer beside the token counts as much; what it alone has kept is lost on the MCP server.
        { """[{"type":"read"}]""", """[{"type":"read"}]""", """[{"type":"read"}]""", "issued" },
        { """[{"type":"read"}]""", """[{"type":"read"}]""", """[{"type":"pay"}]""", "result_authorization_details" },
        { """[{"type":"read"}]""", """[{"type":"read"}]""", "[]", "result_authorization_details" },
        { """[{"type":"read"}]""", null, """[{"type":"read"}]""", "result_authorization_details" },
        { null, null, """[{"type":"read"}]""", "result_authorization_details" },
        { null, null, "\"read\"", "result_authorization_details" },

        // Where it counts may be said anew, for the resource asked for and for nobody else.
        { """[{"type":"read","locations":["https://mcp.example/weather"]}]""", """[{"type":"read","locations":["https://weather.internal/mcp"]}]""", null, "issued" },
        { """[{"type":"read"}]""", """[{"locations":["https://weather.internal/mcp"],"type":"read"}]""", null, "issued" },
        { """[{"type":"read","locations":["https://mcp.example/weather"]}]""", """[{"type":"read","locations":["https://mail.internal/mcp"]}]""", null, "result_authorization_details" },
        { """[{"type":"read"}]""", """[{"type":"read","locations":["https://weather.internal/mcp","https://mail.internal/mcp"]}]""", null, "result_authorization_details" },
        { """[{"type":"read"}]""", """[{"type":"read","locations":"https://weather.internal/mcp"}]""", null, "result_authorization_details" },
        { """[{"type":"read","locations":["https://mcp.example/weather"]}]""", """[{"type":"read"}]""", null, "result_authorization_details" },
        { """[{"type":"read"}]""", """[{"type":"pay","locations":["https://weather.internal/mcp"]}]""", null, "result_authorization_details" },
        { """[{"type":"read","a":1}]""", """[{"type":"read","locations":["https://weather.internal/mcp"]}]""", null, "result_authorization_details" },
    };

    [Theory]
    [MemberData(nameof(Details))]
    public async Task Authorization_details_never_grow(string? inbound, string? claim, string? answer, string expected)
    {
        var subject = inbound is null ? null : new JsonObject { ["authorization_details"] = JsonNode.Parse(inbound) };
        var token = claim is null ? Token() : Payload(p => p["authorization_details"] = JsonNode.Parse(claim));

        Assert.Equal(expected, await DetailAsync(token, subjectClaims: subject, details: answer));
        Assert.Equal("issued", await DetailAsync(token, subjectClaims: subject, details: answer, change: target => target with { KeepsDetails = false }));
    }

    [Fact]
    public async Task An_actor_may_say_which_issuer_knows_it()
    {
        Assert.Equal("issued", await DetailAsync(Payload(p => p["act"] = new JsonObject { ["sub"] = "mcp-gateway", ["iss"] = issuer!.Issuer })));
    }

    public static TheoryData<string?, string?, string?, string> Chains => new()
    {
        { """{"sub":"agent"}""", """{"sub":"agent"}""", null, "issued" },
        { """{"sub":"agent"}""", """{"sub":"mcp-gateway","act":{"sub":"agent"}}""", null, "issued" },
        { """{"sub":"agent"}""", """{"client_id":"mcp-gateway","act":{"sub":"agent"}}""", null, "issued" },
        { """{"sub":"agent","act":{"sub":"first"}}""", """{"sub":"mcp-gateway","act":{"act":{"sub":"first"},"sub":"agent"}}""", null, "issued" },
        { """{"sub":"agent","act":{"sub":"first"}}""", """{"sub":"mcp-gateway","act":{"sub":"agent"}}""", null, "result_actor" },
        { """{"sub":"agent"}""", null, null, "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"mcp-gateway"}""", null, "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"mcp-gateway","act":{"sub":"other"}}""", null, "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"mcp-gateway","act":{"sub":"agent","client_id":"x"}}""", null, "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"mcp-gateway","act":{"sub":"other","act":{"sub":"agent"}}}""", null, "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"other","act":{"sub":"agent"}}""", null, "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"mcp-gateway","act":{"azp":"mcp-gateway","iss":"https://elsewhere.example","act":{"sub":"agent"}}}""", null, "result_actor" },
        { null, """{"sub":"robot","iss":"https://elsewhere.example"}""", "robot", "issued" },
        { null, """{"sub":"agent"}""", null, "result_actor" },
        { null, """{"sub":"robot"}""", "robot", "issued" },
        { null, """{"sub":"mcp-gateway"}""", "robot", "issued" },
        { null, """{"sub":"other"}""", "robot", "result_actor" },
        { """{"sub":"agent"}""", """{"sub":"robot","act":{"sub":"agent"}}""", "robot", "issued" },
        { """{"sub":"agent"}""", """{"sub":"robot","act":{"sub":"mcp-gateway","act":{"sub":"agent"}}}""", "robot", "issued" },
        { """{"sub":"agent"}""", """{"sub":"robot"}""", "robot", "result_actor" },
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public async Task The_chain_of_actors_is_kept_whole(string? inbound, string? result, string? actor, string expected)
    {
        var subject = inbound is null ? null : new JsonObject { ["act"] = JsonNode.Parse(inbound) };
        var token = result is null ? Token() : Payload(p => p["act"] = JsonNode.Parse(result));

        Assert.Equal(expected, await DetailAsync(token, subjectClaims: subject, actor: actor));
    }

    [Fact]
    public async Task Where_actors_may_be_lost_the_current_one_is_still_ours()
    {
        var subject = new JsonObject { ["act"] = new JsonObject { ["sub"] = "agent" } };
        OutboundTarget Any(OutboundTarget target) => target with { KeepsActors = false };

        Assert.Equal("issued", await DetailAsync(Token(), subjectClaims: subject, change: Any));
        Assert.Equal("issued", await DetailAsync(Payload(p => p["act"] = JsonNode.Parse("""{"sub":"mcp-gateway"}""")), subjectClaims: subject, change: Any));
        Assert.Equal("result_actor", await DetailAsync(Payload(p => p["act"] = JsonNode.Parse("""{"sub":"other"}""")), subjectClaims: subject, change: Any));
    }

    [Fact]
    public async Task A_product_that_promises_to_name_the_actor_is_held_to_it()
    {
        static OutboundTarget Promised(OutboundTarget target) => target with { NamesActor = true };

        Assert.Equal("result_actor", await DetailAsync(Token(), actor: "robot", change: Promised));
        Assert.Equal("issued", await DetailAsync(Payload(p => p["act"] = JsonNode.Parse("""{"sub":"robot"}""")), actor: "robot", change: Promised));
        Assert.Equal("issued", await DetailAsync(Token(), change: Promised));
    }

    [Theory]
    [InlineData(300, null, "issued")]
    [InlineData(600, 300, "issued")]
    [InlineData(601, 300, "result_lifetime")]
    [InlineData(300, 0, "issued")]
    [InlineData(301, 0, "result_lifetime")]
    [InlineData(3600, null, "issued")]
    public async Task A_result_ends_with_its_subject_or_within_what_may_outlive_it(int seconds, int? outlive, string expected)
    {
        // The subject token ends in 300 seconds.
        OutboundTarget Limited(OutboundTarget target) => target with { MaxOutlive = outlive is { } most ? TimeSpan.FromSeconds(most) : null };

        Assert.Equal(expected, await DetailAsync(Payload(p => p["exp"] = Seconds(seconds)), change: Limited));

        // Of an opaque one only a life from now is known, by two clocks.
        var life = TimeSpan.FromSeconds(expected == "issued" ? seconds : seconds + 30);
        Assert.Equal(expected, await DetailAsync("opaque-token", expiresIn: life, change: target => Limited(target) with { ResultIsJwt = false }));
    }

    [Theory]
    [InlineData(330, "issued")]
    [InlineData(331, "result_lifetime")]
    public async Task An_opaque_result_may_outlive_its_subject_by_the_skew(int seconds, string expected) =>
        Assert.Equal(expected, await DetailAsync("opaque-token", expiresIn: TimeSpan.FromSeconds(seconds), change: target => target with { ResultIsJwt = false, MaxOutlive = TimeSpan.Zero }));

    [Fact]
    public async Task A_short_life_in_the_answer_does_not_shorten_the_token() =>
        Assert.Equal("result_lifetime", await DetailAsync(Payload(p => p["exp"] = Seconds(601)), expiresIn: TimeSpan.FromSeconds(60), change: target => target with { MaxOutlive = TimeSpan.FromMinutes(5) }));

    [Theory]
    [InlineData("""{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}""")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("\"key\"")]
    public async Task A_result_bound_to_a_key_that_nobody_asked_for_is_refused(string confirmation) =>
        Assert.Equal("result_cnf", await DetailAsync(Payload(p => p["cnf"] = JsonNode.Parse(confirmation))));

    [Fact]
    public async Task An_opaque_result_is_refused_where_a_bound_one_was_asked_for()
    {
        using var keys = new SenderKeys(null, clock, NullLogger<SenderKeys>.Instance);

        Assert.Equal("result_cnf", await DetailAsync("opaque-token", expiresIn: TimeSpan.FromMinutes(1), change: target => target with { ResultIsJwt = false, Sender = keys }));
    }

    [Theory]
    [InlineData("""{"authorization_details":[{"type":"read"}]}""", null, "result_authorization_details")]
    [InlineData("""{"authorization_details":[{"type":"read"}]}""", """[{"type":"read"}]""", "issued")]
    [InlineData("""{"authorization_details":[{"type":"read"}]}""", """[{"type":"pay"}]""", "result_authorization_details")]
    [InlineData("{}", """[{"type":"pay"}]""", "result_authorization_details")]
    [InlineData("""{"act":{"sub":"agent"}}""", null, "result_actor")]
    public async Task Of_an_opaque_result_nothing_is_presumed_to_be_kept(string inbound, string? answer, string expected)
    {
        var claims = JsonNode.Parse(inbound)!.AsObject();

        Assert.Equal(expected, await DetailAsync("opaque-token", expiresIn: TimeSpan.FromMinutes(1), subjectClaims: claims, details: answer, change: target => target with { ResultIsJwt = false }));
    }

    [Fact]
    public async Task Without_keys_of_the_result_issuer_the_exchange_is_unavailable()
    {
        issuer!.JwksAnswer = DocumentAnswer.ServerError;

        var result = Assert.IsType<ExchangeResult.Unavailable>(await VerifyAsync(Token()));
        Assert.InRange(result.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }

    private string Token(TestKey? key = null) => TokenForge.AccessToken(key ?? TestKeys.Es256, issuer!.Issuer, Target, Now);

    private string Header(Action<JsonObject> change) => TokenForge.AccessToken(TestKeys.Es256, issuer!.Issuer, Target, Now, (header, _) => change(header));

    private string Typed(string? type, Action<JsonObject> change) => TokenForge.AccessToken(TestKeys.Es256, issuer!.Issuer, Target, Now, (header, payload) =>
    {
        header.Remove("typ");
        if (type is not null)
        {
            header["typ"] = type;
        }

        change(payload);
    });

    private string Payload(Action<JsonObject> change) => TokenForge.AccessToken(TestKeys.Es256, issuer!.Issuer, Target, Now, (_, payload) => change(payload));

    private async Task<string> DetailAsync(
        string token,
        string? subjectToken = null,
        string? scope = null,
        string requested = "mcp:read mcp:write",
        TimeSpan? expiresIn = null,
        JsonObject? subjectClaims = null,
        Func<OutboundTarget, OutboundTarget>? change = null,
        string? details = null,
        string? actor = null) =>
        await VerifyAsync(token, subjectToken, scope, requested, expiresIn, subjectClaims, change, details, actor) switch
        {
            ExchangeResult.Issued => "issued",
            ExchangeResult.Rejected rejected => rejected.Detail.ToReason(),
            var other => other.ToString(),
        };

    private async Task<ExchangeResult> VerifyAsync(
        string token,
        string? subjectToken = null,
        string? scope = null,
        string requested = "mcp:read mcp:write",
        TimeSpan? expiresIn = null,
        JsonObject? subjectClaims = null,
        Func<OutboundTarget, OutboundTarget>? change = null,
        string? details = null,
        string? actor = null)
    {
        var target = new OutboundTarget
        {
            InboundResource = Inbound,
            Resource = Target,
            ResultAudiences = [Target, "weather-client"],
            ExtraResultScopes = ScopeSet.Of("openid"),
            ClientId = "mcp-gateway",
            SettingsDigest = "",
            InboundAudiences = new Dictionary<string, FrozenSet<string>> { [issuer!.Issuer] = new[] { Inbound }.ToFrozenSet() }.ToFrozenDictionary(),
        };
        var subject = Subjects.Token(issuer: issuer.Issuer, resource: Inbound, value: subjectToken, claims: subjectClaims);
        var request = new TokenExchangeRequest(subject, change?.Invoke(target) ?? target, ScopeSet.Parse(requested));
        return await new ResultVerifier(server!, clock).VerifyAsync(new TokenResponse(token, scope is null ? null : ScopeSet.Parse(scope), expiresIn) { Details = details is null ? default : JsonDocument.Parse(details).RootElement }, request, actor, CancellationToken.None);
    }

    private static long Seconds(int fromNow) => Now.ToUnixTimeSeconds() + fromNow;

    private sealed record Case(string Name, string Detail, Func<ResultTests, string> Token);
}
