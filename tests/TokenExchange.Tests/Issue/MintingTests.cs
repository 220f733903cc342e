using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Local;
using Xunit;

namespace TokenExchange.Tests.Issue;

public sealed class MintingTests : IDisposable
{
    private const string Server = "https://mcp.example/weather";
    private static readonly FrozenDictionary<string, string> Clients = new Dictionary<string, string> { ["https://issuer.example"] = "mcp-gateway" }.ToFrozenDictionary();
    private static readonly LocalTokenSettings Plain = new(TimeSpan.FromMinutes(2), [], QualifySubject: false);
    private readonly KeyDirectory keys = new();
    private readonly LocalIssuer issuer;

    public MintingTests()
    {
        keys.New();
        issuer = keys.Issuer();
    }

    public void Dispose()
    {
        issuer.Dispose();
        keys.Dispose();
    }

    [Fact]
    public async Task A_hop_token_says_exactly_what_was_promised()
    {
        var token = HopToken.Of(await Mint(Subjects.Token(claims: new JsonObject { ["email"] = "a@b.example", ["scp"] = "everything", ["act"] = new JsonObject { ["sub"] = "agent-1" } })));
        Assert.Equal("at+jwt", token.Header.GetProperty("typ").GetString());
        Assert.Equal("ES256", token.Header.GetProperty("alg").GetString());
        Assert.Equal(["iss", "sub", "aud", "client_id", "scope", "iat", "nbf", "exp", "jti", "act"], token.Claims.EnumerateObject().Select(claim => claim.Name));
        var now = keys.Clock.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal(
            ("https://mcp.example/hop", "alice", "https://weather.internal/mcp", "agent", "weather.read", now, now, now + 120),
            (token["iss"], token["sub"], token["aud"], token["client_id"], token["scope"], token.Number("iat"), token.Number("nbf"), token.Number("exp")));
        Assert.Equal(22, token["jti"]!.Length);
        Assert.Equal("{\"sub\":\"" + Server + "\",\"act\":{\"sub\":\"agent-1\"}}", token.Claims.GetProperty("act").GetRawText());
        Assert.True(token.Verifies(issuer.Jwks));
    }

    [Fact]
    public async Task Two_tokens_never_share_an_id() =>
        Assert.NotEqual(HopToken.Of(await Mint(Subjects.Token()))["jti"], HopToken.Of(await Mint(Subjects.Token()))["jti"]);

    [Fact]
    public async Task Without_a_scope_or_a_client_the_claims_are_absent()
    {
        var token = HopToken.Of(await Mint(Subjects.Token(clientId: null), scopes: ScopeSet.Empty));
        Assert.False(token.Claims.TryGetProperty("scope", out _));
        Assert.False(token.Claims.TryGetProperty("client_id", out _));
    }

    [Fact]
    public async Task A_hop_token_never_outlives_the_inbound_one()
    {
        var inbound = keys.Clock.GetUtcNow() + TimeSpan.FromSeconds(30.9);
        var result = await Mint(Subjects.Token(expiresAt: inbound));
        Assert.Equal(inbound.ToUnixTimeSeconds(), HopToken.Of(result).Number("exp"));
        Assert.True(Assert.IsType<ExchangeResult.Issued>(result).Token.ExpiresAt <= inbound);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-20)]
    public async Task An_expired_inbound_token_is_refused(int seconds) =>
        AssertRefused(ExchangeError.SubjectRefused, await Mint(Subjects.Token(expiresAt: keys.Clock.GetUtcNow().AddSeconds(seconds))));

    [Fact]
    public async Task The_same_sub_of_two_issuers_stays_two_subjects()
    {
        var settings = Plain with { QualifySubject = true };
        var one = HopToken.Of(await Mint(Subjects.Token(issuer: "https://a.example"), settings));
        var other = HopToken.Of(await Mint(Subjects.Token(issuer: "https://b.example"), settings));
        Assert.NotEqual(one["sub"], other["sub"]);
        Assert.Equal(("https://a.example", "https://b.example"), (one["sub_iss"], other["sub_iss"]));
        Assert.NotEqual(
            HopToken.Of(await Mint(Subjects.Token(issuer: "https://a.example", subject: "bc"), settings))["sub"],
            HopToken.Of(await Mint(Subjects.Token(issuer: "https://a.exampleb", subject: "c"), settings))["sub"]);
    }

    [Fact]
    public async Task Listed_claims_are_carried_and_standard_ones_never_overridden()
    {
        var settings = Plain with { Claims = ["email", "tenant", "absent", "aud", "iss", "exp", "scp", "cnf", "may_act", "jti", "email"] };
        var token = HopToken.Of(await Mint(Subjects.Token(claims: new JsonObject { ["email"] = "ä@b.example", ["tenant"] = new JsonArray(1, "two"), ["scp"] = "all", ["cnf"] = new JsonObject(), ["jti"] = "theirs" }), settings));
        Assert.Equal("ä@b.example", token["email"]);
        Assert.Equal("""[1,"two"]""", token.Claims.GetProperty("tenant").GetRawText());
        Assert.Equal(12, token.Claims.EnumerateObject().Count());
        Assert.Equal("https://weather.internal/mcp", token["aud"]);
        Assert.NotEqual("theirs", token["jti"]);
    }

    [Theory]
    [InlineData("[{\"type\":\"payment\"}]")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task Authorization_details_are_refused_unless_carried(string details)
    {
        var subject = Subjects.Token(claims: new JsonObject { ["authorization_details"] = JsonNode.Parse(details) });
        AssertRefused(ExchangeError.ClaimRefused, await Mint(subject));
        Assert.Equal(details, HopToken.Of(await Mint(subject, Plain with { Claims = ["authorization_details"] })).Claims.GetProperty("authorization_details").GetRawText());
    }

    [Theory]
    [InlineData("""[{"type":"mcp_call_approval"}]""", null)]
    [InlineData("""[{"type":"mcp_call_approval"},{"type":"payment"},{"type":"mcp_call_approval"}]""", """[{"type":"payment"}]""")]
    [InlineData("[]", null)]
    public async Task Authorization_details_of_which_none_is_carried_over_are_no_claim(string details, string? carried)
    {
        var subject = Subjects.Token(claims: new JsonObject { ["authorization_details"] = JsonNode.Parse(details) });
        var token = HopToken.Of(await Mint(subject, Plain with { Claims = ["authorization_details", "email"] }, target: Cache.CacheFixture.Target() with { DetailsAside = ["mcp_call_approval"] }));
        Assert.Equal(carried, token.Claims.TryGetProperty("authorization_details", out var claim) ? claim.GetRawText() : null);
    }

    [Theory]
    [InlineData("""{"sub":"mcp-gateway"}""", true)]
    [InlineData("""{"client_id":"mcp-gateway"}""", true)]
    [InlineData("""{"sub":"https://mcp.example/weather","iss":"https://issuer.example"}""", true)]
    [InlineData("""{"sub":"somebody"}""", false)]
    [InlineData("""{"client_id":"mcp-gateway","sub":"somebody"}""", false)]
    [InlineData("""{"sub":"mcp-gateway","iss":"https://other.example"}""", false)]
    [InlineData("""{"sub":"mcp-gateway2"}""", false)]
    [InlineData("""{"sub":["mcp-gateway"]}""", false)]
    [InlineData("""{}""", false)]
    [InlineData("""[{"sub":"mcp-gateway"}]""", false)]
    [InlineData("\"mcp-gateway\"", false)]
    [InlineData("null", false)]
    public async Task May_act_must_name_the_gateway_or_this_server(string mayAct, bool minted)
    {
        var result = await Mint(Subjects.Token(claims: new JsonObject { ["may_act"] = JsonNode.Parse(mayAct) }));
        Assert.Equal(minted, result is ExchangeResult.Issued);
        if (!minted)
        {
            AssertRefused(ExchangeError.ClaimRefused, result);
        }
    }

    [Fact]
    public async Task Without_a_client_of_our_own_may_act_cannot_name_it() =>
        AssertRefused(ExchangeError.ClaimRefused, await Mint(Subjects.Token(claims: new JsonObject { ["may_act"] = new JsonObject { ["sub"] = "mcp-gateway" } }), target: Cache.CacheFixture.Target()));

    [Theory]
    [InlineData(7, true)]
    [InlineData(8, false)]
    [InlineData(20, false)]
    public async Task The_chain_of_actors_holds_eight_with_this_server(int inbound, bool minted)
    {
        var chain = new JsonObject { ["sub"] = "agent-0" };
        for (var i = 1; i < inbound; i++)
        {
            chain = new JsonObject { ["sub"] = "agent-" + i, ["act"] = chain };
        }

        Assert.Equal(minted, await Mint(Subjects.Token(claims: new JsonObject { ["act"] = chain })) is ExchangeResult.Issued);
    }

    [Theory]
    [InlineData("""{"sub":"https://mcp.example/weather"}""")]
    [InlineData("""{"sub":"a","act":{"sub":"b","act":{"sub":"https://mcp.example/weather"}}}""")]
    public async Task A_chain_of_actors_that_comes_back_to_this_server_is_refused(string act) =>
        AssertRefused(ExchangeError.ActorChainRefused, await Mint(Subjects.Token(claims: new JsonObject { ["act"] = JsonNode.Parse(act) })));

    [Theory]
    [InlineData(0)]
    [InlineData(301)]
    public void A_lifetime_out_of_bounds_is_refused_at_start(int seconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => issuer.For(Plain with { Lifetime = TimeSpan.FromSeconds(seconds) }));

    [Fact]
    public async Task Many_threads_mint_sound_tokens()
    {
        var exchanger = issuer.For(Plain);
        await Parallel.ForAsync(0, 400, async (i, cancellation) =>
        {
            var token = HopToken.Of(await exchanger.ExchangeAsync(new(Subjects.Token(subject: "user" + i), Cache.CacheFixture.Target(), ScopeSet.Empty), cancellation));
            Assert.True(token.Verifies(issuer.Jwks));
            Assert.Equal("user" + i, token["sub"]);
        });
    }

    private ValueTask<ExchangeResult> Mint(ValidatedToken subject, LocalTokenSettings? settings = null, ScopeSet? scopes = null, OutboundTarget? target = null) =>
        issuer.For(settings ?? Plain).ExchangeAsync(new(subject, target ?? Cache.CacheFixture.Target() with { ClientsAtIssuers = Clients }, scopes ?? ScopeSet.Of("weather.read")), CancellationToken.None);

    private static void AssertRefused(ExchangeError error, ExchangeResult result) => Assert.Equal(error, Assert.IsType<ExchangeResult.Refused>(result).Error);
}
