using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Profiles;
using TokenExchange.Outbound.Sender;
using Xunit;

namespace TokenExchange.Tests.Cache;

/// <summary>
/// Every property of what an exchange is asked with, found by reflection: it is a field of the key, or it is said here
/// which field stands for it. A property that is added later fails until somebody has thought about it.
/// </summary>
public sealed class CacheKeyFieldTests
{
    private const string Field = "a field of the key";
    private const string Digest = "stood for by SettingsDigest";
    private const string Token = "said by the token, whose digest is a field; or by an answer about it, which SaidDigest stands for";

    private static readonly FrozenDictionary<string, string> StoodForBy = new Dictionary<string, string>
    {
        ["CachePartition.AuthorizationServer"] = Field,
        ["CachePartition.TokenEndpoint"] = Field,
        ["CachePartition.ClientId"] = Field,
        ["CachePartition.RequestedTokenType"] = Field,
        ["CachePartition.Actor"] = Field,
        ["TokenExchangeRequest.Scopes"] = Field,
        ["TokenExchangeRequest.Call"] = "for one call alone, and so never remembered",
        ["TokenExchangeRequest.Subject"] = "ValidatedToken",
        ["TokenExchangeRequest.Target"] = "OutboundTarget",
        ["OutboundTarget.Sender"] = Field,
        ["TokenExchangeRequest.Sender"] = Field,
        ["OutboundTarget.InboundResource"] = Field,
        ["OutboundTarget.Resource"] = Field,
        ["OutboundTarget.Audience"] = Field,
        ["OutboundTarget.SettingsDigest"] = Field,
        ["OutboundTarget.ResultAudiences"] = Digest,
        ["OutboundTarget.ResultAudiencesGiven"] = Digest,
        ["OutboundTarget.ResultIsJwt"] = Digest,
        ["OutboundTarget.ExtraResultScopes"] = Digest,
        ["OutboundTarget.SubjectClaims"] = Digest,
        ["OutboundTarget.MaxLifetime"] = Digest,
        ["OutboundTarget.MaxOutlive"] = Digest,
        ["OutboundTarget.KeepsDetails"] = Digest,
        ["OutboundTarget.KeepsActors"] = Digest,
        ["OutboundTarget.NamesActor"] = Digest,
        ["OutboundTarget.ActsForSubject"] = Digest,
        ["OutboundTarget.TakesDetails"] = Digest,
        ["OutboundTarget.DetailsAside"] = Digest,
        ["OutboundTarget.ClientsAtIssuers"] = Field,
        ["OutboundTarget.InboundAudiences"] = Digest,
        ["OutboundTarget.ClientId"] = Digest,
        ["ValidatedToken.SaidDigest"] = Field,
        ["ValidatedToken.Said"] = "stood for by SaidDigest",
        ["ValidatedToken.Issuer"] = Field,
        ["ValidatedToken.Digest"] = Field,
        ["ValidatedToken.Resource"] = "OutboundTarget.InboundResource, which must be equal to it",
        ["ValidatedToken.Value"] = Field,
        ["ValidatedToken.Subject"] = Token,
        ["ValidatedToken.ClientId"] = Token,
        ["ValidatedToken.TokenId"] = Token,
        ["ValidatedToken.Audiences"] = Token,
        ["ValidatedToken.Scopes"] = Token,
        ["ValidatedToken.Actors"] = Token,
        ["ValidatedToken.Claims"] = Token,
        ["ValidatedToken.Session"] = Token,
        ["ValidatedToken.IssuedAt"] = Token,
        ["ValidatedToken.Confirmation"] = "proven at every use, and held against the sender",
        ["ValidatedToken.ExpiresAt"] = "compared with the clock at every use",
        ["ValidatedToken.ClockSkew"] = "compared with the clock at every use",
        ["ValidatedToken.ClearAsOf"] = "asked again whenever something was revoked",
        ["ValidatedToken.AcceptedUntil"] = "ExpiresAt and ClockSkew",
        ["ValidatedToken.IsRestricted"] = "Claims and Said",
    }.ToFrozenDictionary();

    public static readonly TheoryData<Type, string> Properties = [.. PropertiesOf(typeof(CachePartition), typeof(TokenExchangeRequest), typeof(OutboundTarget), typeof(ValidatedToken))];

    [Theory]
    [MemberData(nameof(Properties))]
    public void A_property_changes_the_key_exactly_when_it_is_a_field_of_it(Type type, string property)
    {
        Assert.True(StoodForBy.TryGetValue($"{type.Name}.{property}", out var standsFor), $"{type.Name}.{property} is new: does the outcome of an exchange depend on it?");
        var changed = Change(type, property);
        Assert.Equal(standsFor is Field or "ValidatedToken" or "OutboundTarget", !changed.Equals(Key()));
        Assert.Equal(changed, Change(type, property));
    }

    [Fact]
    public void Nothing_is_listed_that_is_not_there() =>
        Assert.Equal(StoodForBy.Keys.Order(StringComparer.Ordinal), Properties.Select(row => $"{row.Data.Item1.Name}.{row.Data.Item2}").Order(StringComparer.Ordinal));

    /// <summary>The token's text says nothing there: whatever the answer about it says, and a hop token could carry, is in the key.</summary>
    [Theory]
    [InlineData("sub", "\"mallory\"")]
    [InlineData("client_id", "\"other\"")]
    [InlineData("azp", "\"other\"")]
    [InlineData("scope", "\"mcp:read\"")]
    [InlineData("aud", "[\"https://mcp.example/weather\"]")]
    [InlineData("exp", "1700000100")]
    [InlineData("jti", "\"token-2\"")]
    [InlineData("act", """{"sub":"b"}""")]
    [InlineData("may_act", """{"sub":"b"}""")]
    [InlineData("authorization_details", """[{"type":"b"}]""")]
    [InlineData("cnf", """{"jkt":"b"}""")]
    [InlineData("roles", """["guest"]""")]
    [InlineData("roles", "null")]
    [InlineData("groups", "[]")]
    [InlineData("rolesx", "1")]
    public void Whatever_else_is_said_of_an_opaque_token_makes_another_key(string claim, string value)
    {
        var said = Answer();
        said[claim] = JsonNode.Parse(value);
        Assert.NotEqual(KeyOf(Answer()), KeyOf(said));

        // An answer that does not say when the token ends is none.
        if (claim != "exp")
        {
            var silent = Answer();
            silent.Remove(claim);
            Assert.NotEqual(KeyOf(silent), KeyOf(said));
        }
    }

    [Fact]
    public void What_was_said_of_an_opaque_token_in_another_order_or_at_another_time_makes_the_same_key()
    {
        var again = new JsonObject(Answer().Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        (again["iat"], again["nbf"], again["expires_in"]) = (1, 2, 3);

        Assert.Equal(KeyOf(Answer()), KeyOf(again));
    }

    private static JsonObject Answer() => JsonNode.Parse(
        """{"active":true,"sub":"alice","client_id":"agent","scope":"mcp:read mcp:write","aud":"https://mcp.example/weather","exp":1700000000,"iat":1600000000,"jti":"token-1","act":{"sub":"a"},"roles":["admin"]}""")!.AsObject();

    private static CacheKey KeyOf(JsonObject answer)
    {
        var settings = new AuthorizationServerSettings { Name = "corp", Issuer = "https://issuer.example", Dialect = ExchangeProfile.Find("rfc8693")!.Dialect };
        using var server = new AuthorizationServer(settings, TimeProvider.System, NullLoggerFactory.Instance);
        var issuer = new TrustedIssuer { Server = server, Algorithms = ["ES256"], TokenTypes = ["at+jwt"], ClockSkew = default, MaxTokenLifetime = TimeSpan.FromHours(1), CompanionAudiences = [] };
        var candidate = TokenCandidate.Introspected(new TokenText("opaque".AsMemory()), new IntrospectionAnswer.Active(JsonDocument.Parse(answer.ToJsonString()).RootElement), new ResourceAudience("https://mcp.example/weather", [], false), issuer, TimeProvider.System.GetUtcNow());
        candidate.Claims = TokenClaims.Read(candidate.Payload);

        // The scopes of the request are a field of their own.
        return new CacheKeys(CacheFixture.Partition).Of(new TokenExchangeRequest(candidate.Accept(), CacheFixture.Target(), ScopeSet.Of("read")));
    }

    private static CacheKey Change(Type type, string property)
    {
        var partition = CacheFixture.Partition with { };
        var target = CacheFixture.Target() with { };
        var subject = Subject("token");
        var request = new TokenExchangeRequest(subject, target, ScopeSet.Of("read"));
        switch ($"{type.Name}.{property}")
        {
            case "TokenExchangeRequest.Subject":
                request = new TokenExchangeRequest(Subject("another token"), target, request.Scopes);
                break;
            case "TokenExchangeRequest.Target":
                request = new TokenExchangeRequest(subject, target with { Resource = "https://another.internal/mcp" }, request.Scopes);
                break;
            case "OutboundTarget.Sender" or "TokenExchangeRequest.Sender":
                request = new TokenExchangeRequest(subject, target with { Sender = Keys }, request.Scopes);
                break;
            case "ValidatedToken.AcceptedUntil":
                subject.GetType().GetProperty("ClockSkew")!.SetValue(subject, TimeSpan.FromSeconds(7));
                break;
            case "ValidatedToken.IsRestricted":
                subject.GetType().GetProperty("Said", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(subject, JsonElement.Parse("{}"));
                break;
            case "ValidatedToken.Digest" or "ValidatedToken.Value":
                // The one is always that of the other.
                request = new TokenExchangeRequest(Copy(new ValidatedToken(new TokenText("another token".AsMemory())) { Resource = "", Issuer = "", Subject = "", ClientId = null, TokenId = null, Audiences = [], Scopes = ScopeSet.Empty, Actors = [], ExpiresAt = default, Claims = default }, subject), target, request.Scopes);
                break;
            default:
                object owner = type == typeof(CachePartition) ? partition : type == typeof(OutboundTarget) ? target : type == typeof(ValidatedToken) ? subject : request;
                var member = type.GetProperty(property, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!;
                member.SetValue(owner, Another(member.GetValue(owner), member.PropertyType));
                break;
        }

        return new CacheKeys(partition).Of(request);
    }

    private static readonly SenderKeys Keys = new(null, TimeProvider.System, NullLogger<SenderKeys>.Instance);

    private static CacheKey Key() => new CacheKeys(CacheFixture.Partition).Of(new TokenExchangeRequest(Subject("token"), CacheFixture.Target(), ScopeSet.Of("read")));

    private static ValidatedToken Subject(string value) => Subjects.Token(value: value);

    private static object Another(object? value, Type type) => value switch
    {
        string text => text + "x",
        null when type == typeof(string) => "x",
        null when type == typeof(long?) => 1L,
        null when type == typeof(Confirmation) => new Confirmation("x", null),
        null when type == typeof(BoundCall) => new BoundCall("GET", null, ""),
        null when type == typeof(TimeSpan?) => TimeSpan.FromSeconds(1),
        null when type == typeof(Func<TokenDigest?>) => new Func<TokenDigest?>(() => TokenDigest.Of("actor")),
        bool flag => !flag,
        long number => number + 1,
        TimeSpan time => time + TimeSpan.FromSeconds(1),
        DateTimeOffset time => time.AddSeconds(1),
        ScopeSet scopes => ScopeSet.Of([.. scopes, "x"]),
        ImmutableArray<string> items => items.Add("x"),
        FrozenDictionary<string, FrozenSet<string>> => new Dictionary<string, FrozenSet<string>> { ["x"] = FrozenSet.Create("x") }.ToFrozenDictionary(),
        FrozenDictionary<string, string> clients => clients.Append(KeyValuePair.Create("https://issuer.example", "x")).ToFrozenDictionary(),
        JsonElement => JsonDocument.Parse("""{"x":1}""").RootElement,
        _ => throw new NotSupportedException($"How is a {type} changed?"),
    };

    private static ValidatedToken Copy(ValidatedToken copy, ValidatedToken from)
    {
        foreach (var property in typeof(ValidatedToken).GetProperties().Where(property => property.CanWrite))
        {
            property.SetValue(copy, property.GetValue(from));
        }

        return copy;
    }

    private static IEnumerable<TheoryDataRow<Type, string>> PropertiesOf(params Type[] types) =>
        types.SelectMany(type => type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            // What is remembered of a token holds no more than the token.
            .Where(property => property.Name is not ("EqualityContract" or nameof(ValidatedToken.ProofOfPossession) or nameof(ValidatedToken.Remembered)))
            .Select(property => new TheoryDataRow<Type, string>(type, property.Name)));
}
