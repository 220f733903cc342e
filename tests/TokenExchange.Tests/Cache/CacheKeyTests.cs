using System.Collections.Frozen;
using FsCheck;
using FsCheck.Fluent;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Jose;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace TokenExchange.Tests.Cache;

public sealed class CacheKeyTests
{
    /// <summary>All fields of a key, to be changed one at a time.</summary>
    public sealed record Fields(
        string AuthorizationServer, string TokenEndpoint, string Client, string RequestedType,
        string Settings, string Server, string Resource, string? Audience, string Issuer, string Token, string[] Scopes, string? ClientAtIssuer = null, string? Said = null, string? Actor = null)
    {
        internal CacheKey Key() =>
            new CacheKeys(new CachePartition(AuthorizationServer, TokenEndpoint, Client, RequestedType) { Actor = Actor is null ? null : () => TokenDigest.Of(Actor) }).Of(new TokenExchangeRequest(
                Subjects.Token(issuer: Issuer, value: Token, resource: Server, said: Said),
                new OutboundTarget { InboundResource = Server, Resource = Resource, Audience = Audience, InboundAudiences = FrozenDictionary<string, FrozenSet<string>>.Empty, ResultAudiences = [Resource], SettingsDigest = Settings, ClientsAtIssuers = ClientAtIssuer is null ? FrozenDictionary<string, string>.Empty : new Dictionary<string, string> { [Issuer] = ClientAtIssuer }.ToFrozenDictionary() },
                ScopeSet.Of(Scopes.Select(AsToken))));
    }

    public static readonly TheoryData<int> EachField = [.. Enumerable.Range(0, Changes.Length)];

    private static Func<Fields, string, Fields>[] Changes =>
    [
        (fields, value) => fields with { AuthorizationServer = value },
        (fields, value) => fields with { TokenEndpoint = value },
        (fields, value) => fields with { Client = value },
        (fields, value) => fields with { RequestedType = value },
        (fields, value) => fields with { Settings = value },
        (fields, value) => fields with { Server = value },
        (fields, value) => fields with { Resource = value },
        (fields, value) => fields with { Audience = value },
        (fields, value) => fields with { Issuer = value },
        (fields, value) => fields with { Token = value },
        (fields, value) => fields with { Scopes = [.. fields.Scopes, value] },
        (fields, value) => fields with { ClientAtIssuer = value },
        (fields, value) => fields with { Said = value },
        (fields, value) => fields with { Actor = value },
    ];

    [Theory]
    [MemberData(nameof(EachField))]
    public void Mutating_any_single_field_misses(int field)
    {
        var value = ArbMap.Default.ArbFor<NonNull<string>>().Generator;
        var words = Gen.ArrayOf(value, 11);
        Prop.ForAll(
            words.Zip(value).ToArbitrary(),
            pair =>
            {
                var w = pair.Item1.Select(word => word.Get).ToArray();
                var original = new Fields(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], [w[10], "a"]);
                var changed = Changes[field](original, pair.Item2.Get + "x");
                var same = field == 10 ? ScopeSet.Of(original.Scopes.Select(AsToken)).Equals(ScopeSet.Of(changed.Scopes.Select(AsToken))) : Changes[field](original, "") == Changes[field](changed, "") && Equal(original, changed);
                return original.Key().Equals(changed.Key()) == same && original.Key().Equals((original with { }).Key());
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Keys_made_in_turn_are_those_made_alone()
    {
        var partition = CacheFixture.Partition;
        var target = CacheFixture.Target();
        TokenExchangeRequest[] requests =
        [
            new(Subjects.Token(value: "a"), target, ScopeSet.Of("read")),
            new(Subjects.Token(value: "b"), target, ScopeSet.Of("read")),
            new(Subjects.Token(value: "a"), target, ScopeSet.Of("read", "write")),
            new(Subjects.Token(value: "a"), target, ScopeSet.Empty),
            new(Subjects.Token(value: "a", issuer: "https://other.example"), target, ScopeSet.Of("read")),
            new(Subjects.Token(value: "a"), target with { SettingsDigest = "other" }, ScopeSet.Of("read")),
            new(Subjects.Token(value: "a"), target with { Resource = "https://other.internal/mcp" }, ScopeSet.Of("read")),
        ];
        var alone = requests.Select(request => new CacheKeys(partition).Of(request)).ToArray();
        Assert.Equal(requests.Length, alone.Distinct().Count());

        var keys = new CacheKeys(partition);
        for (var first = 0; first < requests.Length; first++)
        {
            for (var second = 0; second < requests.Length; second++)
            {
                Assert.Equal(alone[first], keys.Of(requests[first]));
                Assert.Equal(alone[second], keys.Of(requests[second]));
            }
        }
    }

    private static bool Equal(Fields one, Fields other) =>
        one with { Scopes = [] } == other with { Scopes = other.Scopes is null ? [] : one.Scopes.SequenceEqual(other.Scopes) ? [] : ["differs"] };

    [Fact]
    public void Values_cannot_reach_into_their_neighbours()
    {
        var keys = new[]
        {
            Plain with { Resource = "ab", Audience = "c" },
            Plain with { Resource = "a", Audience = "bc" },
            Plain with { Resource = "abc", Audience = "" },
            Plain with { Resource = "abc", Audience = null },
            Plain with { Resource = "", Audience = "abc" },
            Plain with { Resource = "a\0b", Audience = "c" },
            Plain with { Resource = "a", Audience = "\0bc" },
            Plain with { Resource = "a\u0001\0\0\0b", Audience = "c" },
            Plain with { Client = "gateway|access_token", RequestedType = "" },
            Plain with { Client = "gateway", RequestedType = "|access_token" },
            Plain with { Scopes = ["a b"] },
            Plain with { Scopes = ["a", "b"] },
            Plain with { Scopes = ["a", "b", "c"] },
            Plain with { Scopes = ["a,b"] },
            Plain with { Issuer = "\ud800" },
            Plain with { Issuer = "\ud801" },
        }.Select(fields => fields.Key()).ToHashSet();
        Assert.Equal(16, keys.Count);
    }

    [Fact]
    public void Order_and_repetition_of_scopes_do_not_matter() =>
        Assert.Equal((Plain with { Scopes = ["b", "a", "b"] }).Key(), (Plain with { Scopes = ["a", "b"] }).Key());

    [Fact]
    public void Fields_of_any_length_make_a_key()
    {
        var longer = Plain with { Resource = new string('r', 20_000) };
        Assert.Equal(longer.Key(), (longer with { }).Key());
        Assert.NotEqual(longer.Key(), (longer with { Resource = new string('r', 19_999) + 's' }).Key());
    }

    [Fact]
    public void A_key_takes_no_heap()
    {
        var keys = new CacheKeys(CacheFixture.Partition);
        var request = CacheFixture.Request();
        keys.Of(request);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            keys.Of(request);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Fields Plain => new("corp", "https://issuer.example/token", "gateway", "access_token", "settings", "https://mcp.example/a", "https://a.internal", null, "https://issuer.example", "token", ["read"]);

    /// <summary>One scope token for each text: a set holds nothing else.</summary>
    private static string AsToken(string text) => text.Length == 0 || ScopeSet.IsToken(text) ? text : "hex:" + Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
}
