using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>A proof is good once, and for the body that it names.</summary>
public sealed class RedemptionTests
{
    private const string Body = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    [Fact]
    public async Task A_proof_is_good_once()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        var proof = fixture.Proof(token);

        Assert.Equal("accepted", await fixture.RequestAsync(token, proof));
        Assert.Equal("Invalid jti", await fixture.RequestAsync(token, proof));
        Assert.Equal("accepted", await fixture.RequestAsync(token, fixture.Proof(token)));
    }

    [Fact]
    public async Task An_id_is_used_up_whatever_else_a_second_proof_by_the_key_says()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        Action<JsonObject, JsonObject> id = (_, payload) => payload["jti"] = "once";
        Assert.Equal("accepted", await fixture.RequestAsync(token, fixture.Proof(token, id)));
        fixture.Clock.Advance(TimeSpan.FromSeconds(90));

        Assert.Equal("Invalid jti", await fixture.RequestAsync(token, fixture.Proof(token, id)));

        // Another key's ids are its own.
        var other = fixture.Token(ProofFixture.OtherClient);
        Assert.Equal("accepted", await fixture.RequestAsync(other, fixture.Proof(other, id, ProofFixture.OtherClient)));
    }

    [Fact]
    public async Task An_id_is_remembered_for_as_long_as_its_proof_would_be_taken()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token(change: (_, payload) => payload["exp"] = payload["exp"]!.GetValue<long>() + 3600);
        var proof = fixture.Proof(token, (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() + 300);
        Assert.Equal("accepted", await fixture.RequestAsync(token, proof));

        for (var minute = 1; minute <= 10; minute++)
        {
            fixture.Clock.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("Invalid jti", await fixture.RequestAsync(token, proof));
        }

        fixture.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("invalid_dpop_proof iat", await fixture.RequestAsync(token, proof));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(1)]
    [InlineData(true)]
    public async Task An_id_is_text_that_says_something(object? id)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();

        Assert.Equal("Invalid jti", await fixture.RequestAsync(token, fixture.Proof(token, (_, payload) => payload["jti"] = id switch
        {
            string text => text,
            int number => number,
            bool flag => flag,
            _ => null,
        })));
    }

    [Theory]
    [InlineData(256, "accepted")]
    [InlineData(257, "Invalid jti")]
    public async Task An_id_has_256_characters_at_most(int length, string expected)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();

        Assert.Equal(expected, await fixture.RequestAsync(token, fixture.Proof(token, (_, payload) => payload["jti"] = new string('j', length))));
    }

    [Theory]
    [InlineData("the body's", "accepted")]
    [InlineData("of another body", "Invalid content_digest")]
    [InlineData("of no bytes", "Invalid content_digest")]
    [InlineData("of another algorithm", "Invalid content_digest")]
    [InlineData("beside one of another algorithm", "accepted")]
    [InlineData("twice", "Invalid content_digest")]
    [InlineData("in base64url", "Invalid content_digest")]
    [InlineData("bare", "Invalid content_digest")]
    [InlineData("empty", "Invalid content_digest")]
    [InlineData("null", "Invalid content_digest")]
    [InlineData("a list", "Invalid content_digest")]
    public async Task A_digest_in_the_proof_is_the_bodys_whether_it_is_asked_for_or_not(string kind, string expected)
    {
        foreach (var required in (bool[])[false, true])
        {
            await using var fixture = await ProofFixture.StartAsync(new DPoPSettings { ContentDigestRequired = required });
            var token = fixture.Token();
            var digest = ProofForge.ContentDigest(Body);
            var proof = fixture.Proof(token, (_, payload) => payload["content_digest"] = kind switch
            {
                "the body's" => digest,
                "of another body" => ProofForge.ContentDigest(Body + " "),
                "of no bytes" => ProofForge.ContentDigest(""),
                "of another algorithm" => digest.Replace("sha-256", "sha-512", StringComparison.Ordinal),
                "beside one of another algorithm" => $"sha-512=:AAAA:, {digest}",
                "twice" => $"{digest}, {digest}",
                "in base64url" => digest.Replace('+', '-').Replace('/', '_').Replace("=:", ":", StringComparison.Ordinal),
                "bare" => digest["sha-256=:".Length..^1],
                "empty" => "",
                "null" => null,
                _ => new JsonArray(digest),
            });

            Assert.Equal(expected, await fixture.RequestAsync(token, proof, Body));
        }
    }

    [Theory]
    [InlineData(false, Body, "accepted")]
    [InlineData(true, Body, "Invalid content_digest")]
    [InlineData(true, "", "accepted")]
    public async Task A_digest_may_be_absent_where_it_is_not_required_and_where_there_is_no_body(bool required, string body, string expected)
    {
        await using var fixture = await ProofFixture.StartAsync(new DPoPSettings { ContentDigestRequired = required });
        var token = fixture.Token();

        Assert.Equal(expected, await fixture.RequestAsync(token, fixture.Proof(token), body));
    }

    [Fact]
    public async Task A_proof_for_another_body_is_not_used_up()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        var proof = fixture.Proof(token, (_, payload) => payload["content_digest"] = ProofForge.ContentDigest(Body));

        Assert.Equal("Invalid content_digest", await fixture.RequestAsync(token, proof, "{}"));
        Assert.Equal("accepted", await fixture.RequestAsync(token, proof, Body));
    }

    [Fact]
    public async Task Users_of_one_client_whose_tokens_are_bound_to_its_key_each_have_their_share_of_the_memory()
    {
        await using var fixture = await ProofFixture.StartAsync(replayCapacity: 8);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal("accepted", await RequestAsync("mallory", i));
        }

        Assert.Equal("Full", await RequestAsync("mallory", 6));
        Assert.Equal("accepted", await RequestAsync("alice", 0));

        async Task<string> RequestAsync(string subject, int number)
        {
            var token = fixture.Token(change: (_, payload) => payload["sub"] = subject);
            return await fixture.RequestAsync(token, fixture.Proof(token, (_, payload) => payload["jti"] = $"{subject}-{number}"));
        }
    }

    [Fact]
    public async Task A_proof_that_was_not_checked_cannot_be_redeemed()
    {
        await using var fixture = await ProofFixture.StartAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await fixture.Policy.RedeemAsync(new DPoPProof("x", "POST", ProofFixture.Uri), Subjects.Token(), default, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task When_the_memory_is_full_a_good_proof_is_not_taken_and_not_used_up()
    {
        await using var fixture = await ProofFixture.StartAsync(replayCapacity: 1);
        var token = fixture.Token(change: (_, payload) => payload["exp"] = payload["exp"]!.GetValue<long>() + 3600);
        var early = fixture.Proof(token, (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() - 200);
        var late = fixture.Proof(token);
        Assert.Equal("accepted", await fixture.RequestAsync(token, early));

        Assert.Equal("Full", await fixture.RequestAsync(token, late));

        fixture.Clock.Advance(TimeSpan.FromSeconds(101));
        Assert.Equal("accepted", await fixture.RequestAsync(token, late));
    }
}
