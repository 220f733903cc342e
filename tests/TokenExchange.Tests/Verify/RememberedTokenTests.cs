using TokenExchange.Tests.Harness;
using TokenExchange.Verify;
using Xunit;

namespace TokenExchange.Tests.Verify;

public sealed class RememberedTokenTests
{
    [Fact]
    public async Task A_remembered_token_is_the_same_token_again()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var text = fixture.Token();

        var first = (await fixture.ValidateAsync(text)).Token;

        Assert.NotNull(first);
        Assert.Same(first, (await fixture.ValidateAsync(text)).Token);
    }

    [Fact]
    public async Task A_remembered_token_is_accepted_at_once_and_with_nothing_new()
    {
        await using var fixture = await ValidatorFixture.StartAsync(capacity: 100);
        var text = fixture.Token();
        var first = await fixture.ValidateAsync(text);

        var second = fixture.ValidateAsync(text);

        Assert.True(second.IsCompletedSuccessfully);
        Assert.Same(first, await second);
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
        var cache = new ValidationCache(1000);
        var token = Subjects.Token();
        var entry = new ValidationCache.Entry(TokenValidation.Accepted(token), null!, 1);
        cache.Add(token.Digest, entry);
        for (var number = 0; number < 100_000; number++)
        {
            cache.Add(TokenDigest.Of($"token {number}"), entry);
            Assert.NotNull(cache.Find(token.Digest));
        }

        Assert.InRange(cache.Count, 1, 1000);
        Assert.Null(cache.Find(TokenDigest.Of("token 1")));
    }
}
