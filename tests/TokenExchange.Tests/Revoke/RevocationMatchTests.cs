using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Tests.Cache;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>What revocations are held against hits what each of them hits, and costs no more with many of them than with one.</summary>
public sealed class RevocationMatchTests
{
    private const string Issuer = "https://issuer.example", Other = "https://other.example";
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(RevocationSelector.Subject)]
    [InlineData(RevocationSelector.SubjectWithoutSession)]
    [InlineData(RevocationSelector.Session)]
    [InlineData(RevocationSelector.Client)]
    [InlineData(RevocationSelector.TokenId)]
    [InlineData(RevocationSelector.Token)]
    public async Task A_look_at_the_cache_finds_out_one_name_for_each_entry_however_many_revocations_it_is_for(RevocationSelector selector)
    {
        using var fixture = new CacheFixture(capacity: 2000);
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        foreach (var number in Enumerable.Range(0, 1000))
        {
            var claims = new JsonObject { ["iat"] = 1 };
            if (selector == RevocationSelector.Session)
            {
                claims["sid"] = $"session-{number}";
            }

            await fixture.Exchange(CacheFixture.Request($"user-{number}", value: $"token-{number}", claims: claims), TestContext.Current.CancellationToken);
        }

        var revocations = new Revocations(clock);
        var match = revocations.Match([.. Enumerable.Range(0, 20).Select(number => Of(revocations.Keys, selector, Issuer, $"nobody-{number}"))]);

        Assert.All(fixture.Cache.Forget(match, 20), dropped => Assert.Equal(0, dropped));

        Assert.Equal(1000, fixture.Cache.Store.Count);
        Assert.InRange(match.NamesFound, 1, 1000);
    }

    [Fact]
    public void Many_hit_what_each_hits_by_itself_and_the_first_is_named()
    {
        var random = new Random(7);
        var (old, keys) = (Keys(1), Keys(2, 1));
        keys.Know(Issuer);
        keys.Know(Other);
        var tokens = Enumerable.Range(0, 200).Select(number => Token(random, number)).ToArray();
        for (var round = 0; round < 100; round++)
        {
            var revocations = Enumerable.Range(0, random.Next(1, 30)).Select(_ => Some(random, random.Next(2) == 0 ? keys : old, tokens[random.Next(tokens.Length)])).ToArray();
            var match = new RevocationMatch(keys, revocations);

            foreach (var token in tokens)
            {
                var expected = Array.FindIndex(revocations, revocation => Hits(keys, revocation, TokenFacts.Of(token)));
                Assert.Equal((expected, expected), (match.IndexOf(token), match.IndexOf(TokenFacts.Of(token))));
            }
        }
    }

    [Fact]
    public void What_was_named_under_a_key_that_is_gone_hits_no_token_issued_later()
    {
        var (gone, both, keys) = (Keys(1), Keys(2, 1), Keys(2));
        both.Know(Issuer);
        keys.Know(Issuer);
        Revocation[] revocations = [Of(gone, RevocationSelector.Token, Issuer, "digest", anyTime: true).Under(keys, both)];
        var match = new RevocationMatch(keys, revocations);

        Assert.Equal([0, -1], new[] { 0, 1 }.Select(after => match.IndexOf(Subjects.Token("bob", Issuer, claims: new JsonObject { ["iat"] = clock.GetUtcNow().ToUnixTimeSeconds() + after }))));
    }

    [Fact]
    public void What_takes_a_revocation_back_hits_nothing_even_where_its_key_is_gone()
    {
        var (gone, both, keys) = (Keys(1), Keys(2, 1), Keys(2));
        both.Know(Issuer);
        keys.Know(Issuer);
        var undo = Of(gone, RevocationSelector.Subject, Issuer, "alice").Undo(both);

        Assert.Equal(-1, new RevocationMatch(keys, [undo]).IndexOf(Subjects.Token("bob", Issuer, claims: new JsonObject { ["iat"] = 1 })));
    }

    /// <summary>Keys of these seeds; the first names and seals.</summary>
    private static RevocationKeys Keys(params byte[] seeds) =>
        new([.. seeds.Select(seed => Enumerable.Repeat(seed, 32).ToArray())], [.. seeds.Select(seed => Enumerable.Repeat((byte)(seed + 100), 32).ToArray())]);

    private Revocation Of(RevocationKeys keys, RevocationSelector selector, string issuer, string value, int until = 0, bool anyTime = false) =>
        Revocation.Of(keys, selector, issuer, value, clock.GetUtcNow() + TimeSpan.FromSeconds(until), Day, RevocationSource.Command, anyTime);

    private Revocation Some(Random random, RevocationKeys keys, ValidatedToken token)
    {
        var selector = (RevocationSelector)random.Next(0, 7);
        var value = TokenFacts.Of(token).Value(selector) ?? "";
        var revocation = Of(keys, selector, token.Issuer, value, random.Next(-3, 4), random.Next(4) == 0);
        return random.Next(10) == 0 ? revocation.Undo(keys) : revocation;
    }

    private ValidatedToken Token(Random random, int number)
    {
        var claims = new JsonObject();
        if (random.Next(4) > 0)
        {
            claims["iat"] = clock.GetUtcNow().ToUnixTimeSeconds() + random.Next(-3, 4);
        }

        if (random.Next(2) == 0)
        {
            claims["sid"] = $"session-{random.Next(20)}";
        }

        return Subjects.Token($"user-{random.Next(10)}", random.Next(2) == 0 ? Issuer : Other, clientId: random.Next(3) == 0 ? null : $"client-{random.Next(3)}", value: $"token-{number}", tokenId: $"id-{random.Next(50)}", claims: claims);
    }

    /// <summary>What one revocation hits, said as plainly as can be.</summary>
    private static bool Hits(RevocationKeys keys, Revocation revocation, TokenFacts token) =>
        revocation.Selector != RevocationSelector.Undo
        && revocation.IssuerOf(keys) == token.Issuer
        && ((revocation.AnyTime && revocation.Selector != RevocationSelector.Issuer) || token.IssuedAt is null || token.IssuedAt <= revocation.IssuedUntilSeconds)
        && (revocation.Selector == RevocationSelector.Issuer
            || (token.Value(revocation.Selector) is { } value && keys.NameOf(keys.Find(revocation.NameKey), revocation.Selector, token.Issuer, value) == revocation.Name));
}
