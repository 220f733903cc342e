using System.Text.Json.Nodes;
using Gateway.Revoke;
using Harness;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>However many tokens a stream goes on by, few are kept, and a revocation of what grants it the time that it has left finds it.</summary>
public sealed class StreamTokensTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void What_grants_the_stream_its_last_moment_is_kept_with_its_login_and_the_number_is_bounded()
    {
        var random = new Random(11);
        var tokens = new StreamTokens();
        TokenTrace? last = null;
        for (var post = 0; post < 5000; post++)
        {
            clock.Advance(TimeSpan.FromSeconds(random.Next(3)));
            var token = Token(post, TimeSpan.FromMilliseconds(random.Next(1, 300_000)), random.Next(3) == 0 ? null : $"session-{random.Next(200)}");
            last = last is null || token.AcceptedUntil >= last.AcceptedUntil ? token : last;

            tokens.Add(token, clock.GetUtcNow());

            var all = tokens.All;
            Assert.InRange(all.Length, 1, 2 * StreamTokens.Most);
            Assert.True(tokens.Has(last.Digest));
            Assert.Contains(all, kept => kept.Digest == last.Digest);
            Assert.True(all.Count(kept => kept.Session == last.Session) > 1 || all.Count(kept => kept.Digest == last.Digest) > 1);
        }
    }

    [Fact]
    public void Of_a_login_whose_tokens_have_run_out_the_one_that_was_issued_first_stays()
    {
        var tokens = new StreamTokens();
        foreach (var issued in new[] { 5, 3, 9 })
        {
            tokens.Add(Token(issued, TimeSpan.FromMinutes(1), "session", issued), clock.GetUtcNow());
        }

        clock.Advance(TimeSpan.FromHours(1));
        tokens.Add(Token(0, TimeSpan.FromMinutes(1), "another"), clock.GetUtcNow());

        Assert.Equal([3], tokens.All.Where(token => token.Session == "session").Select(token => token.IssuedAt));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_post_costs_no_more_after_many_posts_than_after_few(bool sessions)
    {
        Cost(100, sessions);

        Assert.InRange(Cost(1000, sessions), 0, Cost(100, sessions));
    }

    /// <summary>The bytes that are allocated for one post after so many whose tokens have all run out.</summary>
    private long Cost(int before, bool sessions)
    {
        var channel = new AnswerChannel(Subjects.Token());
        for (var post = 0; post < before; post++)
        {
            channel.GoOnBy(Token(post, TimeSpan.FromMinutes(5), sessions ? $"session-{post}" : null), clock.GetUtcNow());
        }

        var last = Token(before, TimeSpan.FromHours(2), sessions ? "session-last" : null);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        channel.GoOnBy(last, clock.GetUtcNow() + TimeSpan.FromHours(1));
        return GC.GetAllocatedBytesForCurrentThread() - allocated;
    }

    private TokenTrace Token(int number, TimeSpan life, string? session, int? issued = null)
    {
        var claims = new JsonObject();
        if (session is not null)
        {
            claims["sid"] = session;
        }

        if (issued is not null)
        {
            claims["iat"] = issued;
        }

        return new(Subjects.Token(value: $"token-{number}", expiresAt: clock.GetUtcNow() + life, claims: claims));
    }
}
