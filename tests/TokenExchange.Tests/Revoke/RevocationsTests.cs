using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>What a revocation covers, for how long, and that a full memory never lets a revoked token back in.</summary>
public sealed class RevocationsTests
{
    private const string Issuer = "https://issuer.example";
    private const int MostBytesEach = 600;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_subject_is_revoked_up_to_the_second_of_the_logout(int seconds, bool revoked)
    {
        var revocations = new Revocations(clock);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));

        Assert.Equal(revoked, revocations.IsRevoked(Token(issued: seconds)));
        Assert.Equal(revoked, revocations.IsRevoked(Token(issued: seconds, session: "s-1")));
    }

    [Fact]
    public void A_revocation_is_of_one_issuer_and_one_subject()
    {
        var revocations = new Revocations(clock);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));
        revocations.Add(revocations.Of(Issuer, new LogoutToken(null, "s-1", clock.GetUtcNow()), Day));

        Assert.False(revocations.IsRevoked(Token("bob")));
        Assert.False(revocations.IsRevoked(Token(issuer: Issuer + "/")));
        Assert.False(revocations.IsRevoked(Token("s-1")));
        Assert.False(revocations.IsRevoked(Token("bob", session: "alice")));
        Assert.True(revocations.IsRevoked(Token("bob", session: "s-1")));
    }

    [Fact]
    public void An_older_logout_does_not_shorten_a_newer_one()
    {
        var revocations = new Revocations(clock);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow() - TimeSpan.FromMinutes(1)), TimeSpan.FromSeconds(1)));
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.True(revocations.IsRevoked(Token(issued: 0)));
    }

    [Fact]
    public void A_revocation_ends_when_no_token_can_be_left()
    {
        var revocations = new Revocations(clock);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));

        clock.Advance(Day - TimeSpan.FromSeconds(1));
        Assert.True(revocations.IsRevoked(Token(issued: 0)));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(revocations.IsRevoked(Token(issued: 0)));
    }

    [Fact]
    public void A_full_memory_revokes_more_and_never_less()
    {
        var revocations = new Revocations(clock, capacity: 10);
        var tokens = Enumerable.Range(0, 50).Select(number => Token($"user-{number}", session: $"s-{number}")).ToArray();
        foreach (var number in Enumerable.Range(0, 50))
        {
            var (subject, session) = number % 2 == 0 ? ($"user-{number}", (string?)null) : (null, $"s-{number}");
            revocations.Add(revocations.Of(Issuer, new LogoutToken(subject, session, clock.GetUtcNow()), Day));

            Assert.All(tokens[..(number + 1)], token => Assert.True(revocations.IsRevoked(token)));
            Assert.InRange(revocations.Count, 0, 10);
        }

        Assert.False(revocations.IsRevoked(Token("bob", issuer: "https://another.example")));
        Assert.False(revocations.IsRevoked(Token("bob", issued: 1)));
        Assert.True(revocations.IsRevoked(Token("bob", issued: 0)));
    }

    [Fact]
    public void What_took_the_place_of_many_is_not_taken_back()
    {
        var revocations = new Revocations(clock);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));
        var wide = Revocation.Of(revocations.Keys, RevocationSelector.Issuer, Issuer, "", clock.GetUtcNow() + TimeSpan.FromSeconds(10), Day, RevocationSource.Limit);
        Assert.Single(revocations.Add([wide]).Gone);

        revocations.Add([wide.Undo(revocations.Keys)]);

        Assert.True(revocations.IsRevoked(Token(issued: 0)));
    }

    [Fact]
    public void What_a_wide_revocation_covers_in_part_stays_in_force()
    {
        var revocations = new Revocations(clock);
        var wide = Revocation.Of(revocations.Keys, RevocationSelector.Issuer, Issuer, "", clock.GetUtcNow() + TimeSpan.FromSeconds(10), Day, RevocationSource.Limit);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));
        clock.Advance(TimeSpan.FromSeconds(20));
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day));

        var added = revocations.Add([wide]);

        Assert.Single(added.Gone);
        Assert.Equal(2, revocations.Count);
        Assert.True(revocations.IsRevoked(Token(issued: 15)));
        Assert.True(revocations.IsRevoked(Token("bob", issued: 10)));
        Assert.False(revocations.IsRevoked(Token("bob", issued: 11)));
    }

    [Fact]
    public void A_full_memory_takes_what_is_over_out_whenever_it_is_asked_for_room()
    {
        var revocations = new Revocations(clock, capacity: 10);
        foreach (var number in Enumerable.Range(0, 50))
        {
            revocations.Add(revocations.Of(Issuer, new LogoutToken($"user-{number}", null, clock.GetUtcNow()), TimeSpan.FromSeconds(5)));
            Assert.InRange(revocations.Count, 1, 10);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(revocations.IsRevoked(Token("user-49", issued: 49)));
        Assert.False(revocations.IsRevoked(Token("bob", issued: 0)));
    }

    [Fact]
    public void As_many_of_each_of_ten_issuers_as_are_told_apart_are_and_are_gone_when_they_are_over() => Fill(1_000);

    [Fact(Explicit = true)]
    public void A_million_revocations_of_ten_issuers_take_what_the_documentation_says()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var revocations = Fill(100_000, () => GC.GetTotalMemory(forceFullCollection: true) - before);

        Assert.Equal(0, revocations.Count);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 100 << 20);
    }

    /// <summary>Fills a memory with as many of each of ten issuers as it tells apart, and one more of one of them; lets all of it end.</summary>
    private Revocations Fill(int each, Func<long>? memory = null)
    {
        var revocations = new Revocations(clock, each);
        var issuers = Enumerable.Range(0, 10).Select(number => $"https://issuer-{number}.example").ToArray();
        foreach (var issuer in issuers)
        {
            for (var number = 0; number < each; number++)
            {
                revocations.Add(revocations.Of(issuer, new LogoutToken($"user-{number}", null, clock.GetUtcNow()), Day));
            }
        }

        Assert.Equal(10 * each, revocations.Count);
        if (memory?.Invoke() is { } bytes)
        {
            TestContext.Current.TestOutputHelper!.WriteLine($"{bytes / revocations.Count} bytes each of {revocations.Count}");
            Assert.InRange(bytes / revocations.Count, 1, MostBytesEach);
        }

        Assert.All(issuers, issuer => Assert.True(revocations.IsRevoked(Token($"user-{each - 1}", issuer))));
        Assert.All(issuers, issuer => Assert.False(revocations.IsRevoked(Token("bob", issuer))));

        // One too many: of this issuer all are refused, of the others still those that were named.
        var added = revocations.Add(revocations.Of(issuers[3], new LogoutToken("one-more", null, clock.GetUtcNow()), Day));
        Assert.Equal((1, each + 1), (added.Collapsed.Count, added.Gone.Count));
        Assert.Equal((9 * each) + 1, revocations.Count);
        Assert.Equal([issuers[3]], issuers.Where(issuer => revocations.IsRevoked(Token("bob", issuer))));
        Assert.All(issuers, issuer => Assert.True(revocations.IsRevoked(Token("user-0", issuer))));

        clock.Advance(Day);
        Assert.Equal((9 * each) + 1, revocations.Sweep().Count);
        Assert.Equal(0, revocations.Count);
        Assert.All(issuers, issuer => Assert.False(revocations.IsRevoked(Token("user-0", issuer))));
        return revocations;
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void What_was_named_under_a_key_that_is_gone_hits_no_token_issued_later_in_whatever_order_it_came(int first, int second)
    {
        var old = RevocationKeys.ForThisProcess();
        var revocations = new Revocations(clock, keys: old);
        var now = clock.GetUtcNow();
        Revocation[] both =
        [
            Revocation.Of(old, RevocationSelector.Token, Issuer, "digest", now, TimeSpan.FromSeconds(60), RevocationSource.Introspection, anyTime: true),
            Revocation.Of(old, RevocationSelector.Subject, Issuer, "alice", now, Day, RevocationSource.Command),
        ];
        revocations.Add([both[first], both[second]]);

        var keys = RevocationKeys.ForThisProcess();
        keys.Know(Issuer);
        revocations.UseKeys(keys);

        Assert.True(revocations.IsRevoked(Token("bob", issued: 0)));
        Assert.False(revocations.IsRevoked(Token("bob", issued: 1)));
    }

    [Fact]
    public void A_session_that_is_revoked_whenever_and_until_a_time_is_revoked_whenever_for_as_long_as_was_said_so()
    {
        var revocations = new Revocations(clock);
        var (keys, now) = (revocations.Keys, clock.GetUtcNow());
        revocations.Add(
        [
            Revocation.Of(keys, RevocationSelector.Session, Issuer, "s-1", now, TimeSpan.FromSeconds(60), RevocationSource.BackchannelLogout, anyTime: true),
            Revocation.Of(keys, RevocationSelector.Session, Issuer, "s-1", now, Day, RevocationSource.Command),
        ]);

        Assert.True(revocations.IsRevoked(Token(issued: 5, session: "s-1")));
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True(revocations.IsRevoked(Token(issued: 0, session: "s-1")));
        Assert.False(revocations.IsRevoked(Token(issued: 5, session: "s-1")));
    }

    [Fact]
    public void A_session_that_ended_stays_out_when_many_single_revocations_give_way_to_one()
    {
        var revocations = new Revocations(clock, capacity: 10);
        revocations.Add(revocations.Of(Issuer, new LogoutToken(null, "s-1", clock.GetUtcNow()), Day));
        foreach (var number in Enumerable.Range(0, 30))
        {
            revocations.Add(revocations.Of(Issuer, new LogoutToken($"user-{number}", null, clock.GetUtcNow()), Day));
            Assert.True(revocations.IsRevoked(Token("bob", issued: 60, session: "s-1")));
            Assert.InRange(revocations.Count, 1, 10);
        }

        revocations.Add(revocations.Of(Issuer, new LogoutToken(null, "s-2", clock.GetUtcNow()), Day));
        Assert.True(revocations.IsRevoked(Token("bob", issued: 60, session: "s-2")));
        Assert.True(revocations.IsRevoked(Token("bob", issued: 0)));
        Assert.False(revocations.IsRevoked(Token("bob", issued: 60)));
    }

    [Fact]
    public void More_sessions_than_half_of_the_room_keep_it_bounded_and_the_tokens_of_their_time_out()
    {
        var revocations = new Revocations(clock, capacity: 10);
        foreach (var number in Enumerable.Range(0, 50))
        {
            revocations.Add(revocations.Of(Issuer, new LogoutToken(null, $"s-{number}", clock.GetUtcNow()), Day + TimeSpan.FromSeconds(number)));
            Assert.True(revocations.IsRevoked(Token(issued: 60, session: $"s-{number}")));
            Assert.InRange(revocations.Count, 1, 10);
        }

        Assert.All(Enumerable.Range(0, 50), number => Assert.True(revocations.IsRevoked(Token(issued: 0, session: $"s-{number}"))));
        Assert.All(Enumerable.Range(45, 5), number => Assert.True(revocations.IsRevoked(Token(issued: 60, session: $"s-{number}"))));
    }

    [Fact]
    public void Revocations_that_are_over_make_room()
    {
        var revocations = new Revocations(clock, capacity: 1);
        revocations.Add(revocations.Of(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), TimeSpan.FromSeconds(1)));
        clock.Advance(TimeSpan.FromSeconds(1));
        revocations.Add(revocations.Of(Issuer, new LogoutToken("bob", null, clock.GetUtcNow()), Day));

        Assert.True(revocations.IsRevoked(Token("bob", issued: 0)));
        Assert.False(revocations.IsRevoked(Token("carol", issued: 0)));
    }

    private static ValidatedToken Token(string subject = "alice", string issuer = Issuer, int issued = -10, string? session = null)
    {
        var claims = new JsonObject { ["iat"] = new ManualClock().GetUtcNow().ToUnixTimeSeconds() + issued };
        if (session is not null)
        {
            claims["sid"] = session;
        }

        return Subjects.Token(subject, issuer, claims: claims);
    }
}
