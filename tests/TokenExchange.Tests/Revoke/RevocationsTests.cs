using System.Text.Json.Nodes;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Tests.Harness;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>What a revocation covers, for how long, and that a full memory never lets a revoked token back in.</summary>
public sealed class RevocationsTests
{
    private const string Issuer = "https://issuer.example";
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_subject_is_revoked_up_to_the_second_of_the_logout(int seconds, bool revoked)
    {
        var revocations = new Revocations(clock);
        revocations.Revoke(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day);

        Assert.Equal(revoked, revocations.IsRevoked(Token(issued: seconds)));
        Assert.Equal(revoked, revocations.IsRevoked(Token(issued: seconds, session: "s-1")));
    }

    [Fact]
    public void A_revocation_is_of_one_issuer_and_one_subject()
    {
        var revocations = new Revocations(clock);
        revocations.Revoke(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day);
        revocations.Revoke(Issuer, new LogoutToken(null, "s-1", clock.GetUtcNow()), Day);

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
        revocations.Revoke(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day);
        revocations.Revoke(Issuer, new LogoutToken("alice", null, clock.GetUtcNow() - TimeSpan.FromMinutes(1)), TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.True(revocations.IsRevoked(Token(issued: 0)));
    }

    [Fact]
    public void A_revocation_ends_when_no_token_can_be_left()
    {
        var revocations = new Revocations(clock);
        revocations.Revoke(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), Day);

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
            revocations.Revoke(Issuer, new LogoutToken(subject, session, clock.GetUtcNow()), Day);

            Assert.All(tokens[..(number + 1)], token => Assert.True(revocations.IsRevoked(token)));
            Assert.InRange(revocations.Count, 0, 10);
        }

        Assert.False(revocations.IsRevoked(Token("bob", issuer: "https://another.example")));
        Assert.False(revocations.IsRevoked(Token("bob", issued: 1)));
        Assert.True(revocations.IsRevoked(Token("bob", issued: 0)));
    }

    [Fact]
    public void Revocations_that_are_over_make_room()
    {
        var revocations = new Revocations(clock, capacity: 1);
        revocations.Revoke(Issuer, new LogoutToken("alice", null, clock.GetUtcNow()), TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(1));
        revocations.Revoke(Issuer, new LogoutToken("bob", null, clock.GetUtcNow()), Day);

        Assert.True(revocations.IsRevoked(Token("bob", issued: 0)));
        Assert.False(revocations.IsRevoked(Token("carol", issued: 0)));
    }

    [Fact]
    public void Used_ids_are_known_until_they_are_stale_and_their_number_is_bounded()
    {
        var used = new UsedTokens(clock, capacity: 3);
        var until = clock.GetUtcNow() + TimeSpan.FromMinutes(2);

        Assert.True(used.TryUse(Issuer, "a", until));
        Assert.False(used.TryUse(Issuer, "a", until));
        Assert.True(used.TryUse(Issuer + "a", "", until));
        foreach (var number in Enumerable.Range(0, 20))
        {
            Assert.True(used.TryUse(Issuer, $"{number}", until + TimeSpan.FromSeconds(number)));
            Assert.InRange(used.Count, 1, 3);
        }

        Assert.False(used.TryUse(Issuer, "19", until));
        clock.Advance(TimeSpan.FromMinutes(3));
        Assert.True(used.TryUse(Issuer, "19", clock.GetUtcNow() + TimeSpan.FromMinutes(2)));
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
