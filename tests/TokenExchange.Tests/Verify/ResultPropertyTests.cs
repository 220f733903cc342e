using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Result;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>Authorization servers that answer anything: what passes is within what came in, and what is beyond it is caught by the check that names it.</summary>
public sealed class ResultPropertyTests : IAsyncLifetime
{
    private const string Target = "https://weather.internal/mcp";
    private const string Inbound = "https://mcp.example/weather";
    private static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();

    private static readonly Gen<string> Elements = Gen.Elements(
        """{"type":"read"}""", """{"type":"pay","amount":10}""", """{"amount":1e1,"type":"pay"}""", """{"type":"pay","amount":11}""", """{"type":"read","locations":["https://weather.internal/mcp"]}""",
        """{"type":"read","locations":["https://mcp.example/weather"]}""", """{"type":"read","locations":["https://mail.internal/mcp"]}""", """{"type":"read","deep":{"a":[1,{"b":null}]}}""");

    private static readonly Gen<string> DetailsOf = Gen.OneOf(Gen.Constant(""), Elements.ListOf().Select(list => $"[{string.Join(",", list)}]"));

    private static readonly Gen<string> Chain = Gen.Elements(
        "", """{"sub":"agent"}""", """{"sub":"agent","act":{"sub":"first"}}""", """{"sub":"mcp-gateway"}""", """{"sub":"mcp-gateway","act":{"sub":"agent"}}""",
        """{"sub":"mcp-gateway","act":{"act":{"sub":"first"},"sub":"agent"}}""", """{"sub":"other"}""", """{"sub":"other","act":{"sub":"agent"}}""");

    /// <summary>What came in and what came back, each part drawn by itself.</summary>
    private static readonly Gen<Draw> Draws =
        from inDetails in DetailsOf
        from outDetails in Gen.OneOf(Gen.Constant(inDetails), DetailsOf)
        from answerDetails in Gen.Frequency((3, Gen.Constant("")), (1, Gen.Constant(outDetails)), (1, DetailsOf))
        from inActors in Chain
        from outActors in Chain
        from scope in Gen.Elements("", "mcp:read", "mcp:read mcp:write", "mcp:read openid", "mcp:admin")
        from subject in Gen.Frequency((6, Gen.Constant("alice")), (1, Gen.Constant("bob")))
        from audience in Gen.Frequency((6, Gen.Constant(Target)), (1, Gen.Constant("https://mail.internal/mcp")))
        from seconds in Gen.Elements(1, 300, 599, 600, 601, 3600)
        from bound in Gen.Frequency((8, Gen.Constant("")), (1, Gen.Constant("{}")))
        select new Draw(inDetails, outDetails, answerDetails, inActors, outActors, scope, subject, audience, seconds, bound);

    private readonly ManualClock clock = new();
    private TestAuthorizationServer issuer = null!;
    private AuthorizationServer server = null!;

    public async ValueTask InitializeAsync()
    {
        issuer = new TestAuthorizationServer();
        server = new AuthorizationServer(new AuthorizationServerSettings { Name = "corp", Issuer = issuer.Issuer }, clock, NullLoggerFactory.Instance);
        await server.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        server.Dispose();
        await issuer.DisposeAsync();
    }

    [Fact]
    public void What_passes_is_within_what_came_in_whatever_was_answered() =>
        Prop.ForAll(Draws.ToArbitrary(), draw =>
        {
            var (result, request) = Verify(draw);
            if (result is not ExchangeResult.Issued issued)
            {
                return true;
            }

            var beyond = Authority.Of(issued.Token).Beyond(Authority.Most(request), Target);
            return beyond.IsEmpty ? true : throw new InvalidOperationException($"{draw} went beyond in {string.Join(", ", beyond)}.");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("scope", "result_scope")]
    [InlineData("details", "result_authorization_details")]
    [InlineData("answer", "result_authorization_details")]
    [InlineData("lost details", "result_authorization_details")]
    [InlineData("actor", "result_actor")]
    [InlineData("lost actors", "result_actor")]
    [InlineData("subject", "result_subject")]
    [InlineData("audience", "result_audience")]
    [InlineData("lifetime", "result_lifetime")]
    [InlineData("key", "result_cnf")]
    public void One_thing_beyond_is_caught_by_exactly_the_check_that_names_it(string violation, string detail) =>
        Prop.ForAll(Draws.ToArbitrary(), draw =>
        {
            var spoilt = Spoil(Sound(draw), violation);
            var (result, _) = Verify(spoilt);
            return result is ExchangeResult.Rejected rejected && rejected.Detail.ToReason() == detail
                ? true
                : throw new InvalidOperationException($"{spoilt} came out as {(result as ExchangeResult.Rejected)?.Detail.ToReason() ?? result.ToString()}.");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void What_is_within_passes() =>
        Prop.ForAll(Draws.ToArbitrary(), draw => Verify(Sound(draw)).Result is ExchangeResult.Issued ? true : throw new InvalidOperationException($"{Sound(draw)} was refused."))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static Draw Sound(Draw draw) => draw with
    {
        OutDetails = draw.InDetails,
        AnswerDetails = "",
        OutActors = draw.InActors.Length == 0 ? "" : $$"""{"sub":"mcp-gateway","act":{{draw.InActors}}}""",
        Scope = "mcp:read",
        Subject = "alice",
        Audience = Target,
        Seconds = Math.Min(draw.Seconds, 600),
        Bound = "",
    };

    private static Draw Spoil(Draw draw, string violation) => violation switch
    {
        "scope" => draw with { Scope = "mcp:read mcp:admin" },
        "details" => draw with { OutDetails = With(draw.OutDetails, """{"type":"everything"}""") },
        "answer" => draw with { AnswerDetails = With(draw.OutDetails, """{"type":"everything"}""") },
        "lost details" => draw with { InDetails = With(draw.InDetails, """{"type":"kept"}"""), OutDetails = "" },
        "actor" => draw with { OutActors = """{"sub":"somebody"}""" },
        "lost actors" => draw with { InActors = """{"sub":"agent","act":{"sub":"first"}}""", OutActors = """{"sub":"mcp-gateway","act":{"sub":"agent"}}""" },
        "subject" => draw with { Subject = "bob" },
        "audience" => draw with { Audience = "https://mail.internal/mcp" },
        "lifetime" => draw with { Seconds = 601 },
        _ => draw with { Bound = """{"jkt":"x"}""" },
    };

    private static string With(string details, string element)
    {
        var list = details.Length == 0 ? [] : JsonNode.Parse(details)!.AsArray();
        list.Add(JsonNode.Parse(element));
        return list.ToJsonString();
    }

    private (ExchangeResult Result, TokenExchangeRequest Request) Verify(Draw draw)
    {
        var claims = new JsonObject();
        Set(claims, "authorization_details", draw.InDetails);
        Set(claims, "act", draw.InActors);
        var target = new OutboundTarget
        {
            InboundResource = Inbound,
            Resource = Target,
            ResultAudiences = [Target],
            ExtraResultScopes = ScopeSet.Of("openid"),
            ClientId = "mcp-gateway",
            SettingsDigest = "",

            // The subject token ends in 300 seconds.
            MaxOutlive = TimeSpan.FromMinutes(5),
            InboundAudiences = new Dictionary<string, FrozenSet<string>> { [issuer.Issuer] = new[] { Inbound }.ToFrozenSet() }.ToFrozenDictionary(),
        };
        var request = new TokenExchangeRequest(Subjects.Token(issuer: issuer.Issuer, resource: Inbound, claims: claims), target, ScopeSet.Parse("mcp:read mcp:write"));
        var token = TokenForge.AccessToken(TestKeys.Es256, issuer.Issuer, draw.Audience, Now, (_, payload) =>
        {
            payload["sub"] = draw.Subject;
            payload["scope"] = draw.Scope;
            payload["exp"] = Now.ToUnixTimeSeconds() + draw.Seconds;
            Set(payload, "authorization_details", draw.OutDetails);
            Set(payload, "act", draw.OutActors);
            Set(payload, "cnf", draw.Bound);
        });
        var answer = new TokenResponse(token, null, null) { Details = draw.AnswerDetails.Length == 0 ? default : JsonDocument.Parse(draw.AnswerDetails).RootElement };
        var verified = new ResultVerifier(server, clock).VerifyAsync(answer, request, null, CancellationToken.None);
        return (verified.AsTask().GetAwaiter().GetResult(), request);
    }

    private static void Set(JsonObject owner, string name, string json)
    {
        owner.Remove(name);
        if (json.Length > 0)
        {
            owner[name] = JsonNode.Parse(json);
        }
    }

    private sealed record Draw(
        string InDetails, string OutDetails, string AnswerDetails, string InActors, string OutActors, string Scope, string Subject, string Audience, int Seconds, string Bound);
}
