using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Verify;

public sealed class RememberedTokenTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_remembered_token_says_all_that_the_verified_one_said(bool keepClaims)
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100, keepClaims: keepClaims);
        var text = fixture.Token((_, payload) =>
        {
            payload["jti"] = "id-1";
            payload["sid"] = "session-1";
            payload["act"] = new JsonObject { ["sub"] = "assistant" };
            payload["team"] = "blue";
        });
        var first = (await fixture.ValidateAsync(text)).Token!;

        var second = (await fixture.ValidateAsync(text)).Token!;

        Assert.NotSame(first, second);
        foreach (var property in typeof(ValidatedToken).GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            var (expected, actual) = (property.GetValue(first), property.GetValue(second));
            if (expected is JsonElement { ValueKind: not JsonValueKind.Undefined } claims)
            {
                Assert.Equal("blue", claims.GetProperty("team").GetString());
                (expected, actual) = (claims.GetRawText(), ((JsonElement)actual!).GetRawText());
            }

            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public async Task Another_token_of_the_same_kind_keeps_what_is_its_own()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        string Token(string subject, string client, string scope) => fixture.Token((_, payload) => (payload["sub"], payload["client_id"], payload["scope"]) = (subject, client, scope));
        string[] texts = [Token("alice", "agent", "mcp:read"), Token("alice", "agent", "mcp:read mcp:write"), Token("bob", "agent", "mcp:read"), Token("bob", "other", "mcp:read")];
        foreach (var text in (string[])[.. texts, .. texts])
        {
            await fixture.ValidateAsync(text);
        }

        var seen = new List<string>();
        foreach (var text in texts)
        {
            var token = (await fixture.ValidateAsync(text)).Token!;
            seen.Add($"{token.Subject} {token.ClientId} {token.Scopes}");
        }

        Assert.Equal(["alice agent mcp:read", "alice agent mcp:read mcp:write", "bob agent mcp:read", "bob other mcp:read"], seen);
    }

    [Fact]
    public async Task A_remembered_token_is_accepted_at_once()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var text = fixture.Token();
        await fixture.ValidateAsync(text);

        Assert.True(fixture.ValidateAsync(text).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_remembered_token_expires_like_any_other()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var text = fixture.Token();
        Assert.Equal("accepted", await fixture.ReasonAsync(text));

        fixture.Clock.Advance(TimeSpan.FromSeconds(329));
        Assert.Equal("accepted", await fixture.ReasonAsync(text));
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("expired", await fixture.ReasonAsync(text));
        Assert.Equal(0, fixture.Validator.RememberedCount);
    }

    [Fact]
    public async Task A_refusal_is_never_remembered()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var text = fixture.Token((_, p) => p["nbf"] = fixture.Clock.GetUtcNow().ToUnixTimeSeconds() + 60);
        Assert.Equal("not_yet_valid", await fixture.ReasonAsync(text));
        Assert.Equal(0, fixture.Validator.RememberedCount);

        fixture.Clock.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal("accepted", await fixture.ReasonAsync(text));
    }

    [Fact]
    public async Task A_token_remembered_at_one_server_does_not_pass_at_another()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var other = new TokenValidator(new ResourceAudience("https://mcp.example/mail", ["https://mcp.example/mail"], false), [fixture.Trusted], fixture.Clock);
        var text = fixture.Token();
        Assert.Equal("accepted", await fixture.ReasonAsync(text));

        Assert.Equal(TokenRefusal.AudienceInvalid, (await other.ValidateAsync(text.AsMemory(), CancellationToken.None)).Refusal);
    }

    [Fact]
    public void However_many_tokens_come_the_memory_is_bounded_and_what_is_used_stays()
    {
        var cache = new ValidationCache(1000, TimeProvider.System);
        var token = Subjects.Token();
        cache.Add(Remembered(token));
        for (var number = 0; number < 100_000; number++)
        {
            cache.Add(Remembered(Subjects.Token(value: $"token {number}")));
            Assert.NotNull(cache.Find(token.Digest));
        }

        Assert.InRange(cache.Count, 1, 1000);
        Assert.Null(cache.Find(TokenDigest.Of("token 1")));
    }

    [Fact]
    public void What_nobody_uses_any_more_makes_room_with_time_although_there_is_more()
    {
        var clock = new ManualClock();
        var cache = new ValidationCache(1_000_000, clock);
        ValidatedToken used = Subjects.Token(value: "used"), left = Subjects.Token(value: "left");
        cache.Add(Remembered(used));
        cache.Add(Remembered(left));
        for (var second = 0; second < 3600; second += 60)
        {
            cache.Add(Remembered(Subjects.Token(value: $"token {second}")));
            Assert.NotNull(cache.Find(used.Digest));
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(cache.Count, 1, 12);
        Assert.Null(cache.Find(left.Digest));
    }

    private static RememberedToken Remembered(ValidatedToken token) => new(token, TokenTerms.Of(token, null!, 1, null), withClaims: false);
}
