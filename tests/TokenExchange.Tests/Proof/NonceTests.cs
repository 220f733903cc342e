using Harness;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>Nonces that any replica takes and none remembers.</summary>
public sealed class NonceTests
{
    private static readonly byte[] Key = [.. Enumerable.Repeat((byte)7, 32)], OtherKey = [.. Enumerable.Repeat((byte)8, 32)];
    private static readonly DPoPSettings Required = new() { NonceRequired = true, MaxAge = TimeSpan.FromMinutes(2) };

    [Theory]
    [InlineData("none")]
    [InlineData("empty")]
    [InlineData("no text")]
    [InlineData("made up")]
    [InlineData("of another key")]
    [InlineData("changed")]
    [InlineData("cut")]
    [InlineData("padded")]
    [InlineData("of the future")]
    [InlineData("too old")]
    public async Task Whatever_is_no_fresh_nonce_of_ours_is_answered_with_one(string kind)
    {
        await using var fixture = await ProofFixture.StartAsync(Required, nonceKey: Key);
        var token = fixture.Token();
        var nonce = new ProofNonces([Key], fixture.Clock).Create();
        var ahead = new ManualClock();
        ahead.Advance(TimeSpan.FromSeconds(1));
        if (kind == "too old")
        {
            fixture.Clock.Advance(Required.MaxAge + TimeSpan.FromMilliseconds(1));
        }

        var presented = new DPoPProof(fixture.Proof(token, (_, payload) => payload["nonce"] = kind switch
        {
            "none" => null,
            "empty" => "",
            "no text" => 7,
            "made up" => new string('A', nonce.Length),
            "of another key" => new ProofNonces([OtherKey], fixture.Clock).Create(),
            "changed" => (nonce[0] == 'A' ? 'B' : 'A') + nonce[1..],
            "cut" => nonce[..^1],
            "padded" => nonce + "=",
            "of the future" => new ProofNonces([Key], ahead).Create(),
            _ => nonce,
        }), "POST", ProofFixture.Uri);

        Assert.Equal("use_dpop_nonce nonce", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, presented)));

        var again = fixture.Proof(token, (_, payload) => payload["nonce"] = presented.FreshNonce);
        Assert.Equal("accepted", await fixture.RequestAsync(token, again));
    }

    [Fact]
    public async Task A_nonce_is_renewed_once_half_of_its_age_has_passed_and_good_to_its_end()
    {
        await using var fixture = await ProofFixture.StartAsync(Required, nonceKey: Key);
        var token = fixture.Token();
        var nonce = new ProofNonces([Key], fixture.Clock).Create();

        Assert.Null(await FreshAsync());
        fixture.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Null(await FreshAsync());
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        var fresh = await FreshAsync();
        Assert.NotNull(fresh);
        Assert.NotEqual(nonce, fresh);
        fixture.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await FreshAsync());

        async Task<string?> FreshAsync()
        {
            var proof = new DPoPProof(fixture.Proof(token, (_, payload) => payload["nonce"] = nonce), "POST", ProofFixture.Uri);
            Assert.Equal("accepted", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, proof)));
            return proof.FreshNonce;
        }
    }

    [Fact]
    public async Task Nobody_asks_for_nonces_where_they_are_off()
    {
        await using var fixture = await ProofFixture.StartAsync(nonceKey: Key);
        var token = fixture.Token();
        var proof = new DPoPProof(fixture.Proof(token, (_, payload) => payload["nonce"] = "somebody else's"), "POST", ProofFixture.Uri);

        Assert.Equal("accepted", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, proof)));
        Assert.Null(proof.FreshNonce);
    }

    [Fact]
    public void A_nonce_of_the_key_before_is_taken_while_both_are_known()
    {
        var clock = new ManualClock();
        var before = new ProofNonces([OtherKey], clock).Create();
        var rotated = new ProofNonces([Key, OtherKey], clock);

        Assert.Equal(TimeSpan.Zero, rotated.AgeOf(before));
        Assert.Equal(TimeSpan.Zero, new ProofNonces([Key], clock).AgeOf(rotated.Create()));
        Assert.Null(new ProofNonces([Key], clock).AgeOf(before));
    }
}
