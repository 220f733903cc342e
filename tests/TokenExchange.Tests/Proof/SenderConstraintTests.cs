using System.Text.Json.Nodes;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>A token is worth what can be proven about whoever sends it: all that its <c>cnf</c> names, on this very request.</summary>
public sealed class SenderConstraintTests
{
    private const string Certificate = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("\"jkt\"")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("""{"jkt":null}""")]
    [InlineData("""{"jkt":""}""")]
    [InlineData("""{"jkt":1}""")]
    [InlineData("""{"jkt":["JKT"]}""")]
    [InlineData("""{"jkt":"JKT","kid":"x"}""")]
    [InlineData("""{"jkt":"JKT","x5t#S256":1}""")]
    [InlineData("""{"jkt":"JKT","x5t#S256":""}""")]
    [InlineData("""{"jkt":"JKT","x5t#S256":"somebody-else's"}""")]
    [InlineData("""{"JKT":"JKT"}""")]
    [InlineData("""{"jwk":{}}""")]
    [InlineData("""{"x5t":"JKT"}""")]
    public async Task A_binding_of_which_any_part_is_not_proven_is_refused_whatever_is_presented(string cnf)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Validation.Token((_, payload) => payload["cnf"] = JsonNode.Parse(cnf.Replace("\"JKT\"", $"\"{ProofForge.Thumbprint(ProofFixture.Client)}\"", StringComparison.Ordinal)));

        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, null, () => Certificate)));
        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, new DPoPProof(fixture.Proof(token), "POST", ProofFixture.Uri), () => Certificate)));
    }

    [Fact]
    public async Task A_bound_token_is_no_bearer_token_and_a_bearer_token_is_no_bound_one()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var (bound, bearer) = (fixture.Token(), fixture.Validation.Token());

        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(bound, proof: (DPoPProof?)null)));
        Assert.Equal("sender_constrained", await fixture.OutcomeAsync(bearer, fixture.Proof(bearer)));
        Assert.Equal("accepted", ProofFixture.OutcomeOf(await fixture.ValidateAsync(bearer, proof: (DPoPProof?)null)));
    }

    [Fact]
    public async Task Where_a_binding_is_required_a_bearer_token_is_refused()
    {
        await using var fixture = await ProofFixture.StartAsync(required: true);
        var (bound, bearer) = (fixture.Token(), fixture.Validation.Token());

        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(bearer, proof: (DPoPProof?)null)));
        Assert.Equal("accepted", await fixture.RequestAsync(bound, fixture.Proof(bound)));
    }

    [Theory]
    [InlineData(Certificate, "accepted")]
    [InlineData("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg3", "sender_constrained")]
    [InlineData(null, "sender_constrained")]
    public async Task A_token_bound_to_a_certificate_needs_that_certificate_and_no_proof(string? certificate, string expected)
    {
        await using var fixture = await ProofFixture.StartAsync(required: true);
        var token = fixture.Validation.Token((_, payload) => payload["cnf"] = new JsonObject { ["x5t#S256"] = Certificate });

        var validation = await fixture.ValidateAsync(token, null, () => certificate);

        Assert.Equal(expected, ProofFixture.OutcomeOf(validation));
        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, proof: (DPoPProof?)null)));
        Assert.Equal(expected == "accepted" ? ProofOfPossession.Certificate : null, validation.Token?.ProofOfPossession);
    }

    [Fact]
    public async Task A_token_bound_to_a_key_and_a_certificate_needs_both()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token(change: (_, payload) => payload["cnf"]!["x5t#S256"] = Certificate);
        var proof = fixture.Proof(token);

        Assert.Equal("sender_constrained", await fixture.OutcomeAsync(token, proof));
        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, null, () => Certificate)));
        Assert.Equal("accepted", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, new DPoPProof(proof, "POST", ProofFixture.Uri), () => Certificate)));
    }

    [Fact]
    public async Task Without_a_policy_nothing_can_be_proven()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var validator = new TokenValidator(new ResourceAudience(Verify.ValidatorFixture.Resource, [Verify.ValidatorFixture.Resource], false), [fixture.Validation.Trusted], fixture.Clock);
        var token = fixture.Token();

        var validation = await validator.ValidateAsync(token.AsMemory(), new Presentation(new DPoPProof(fixture.Proof(token), "POST", ProofFixture.Uri)), TestContext.Current.CancellationToken);

        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(validation));
    }

    [Fact]
    public async Task A_remembered_token_needs_its_proof_as_much_as_a_new_one()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();
        Assert.Equal("accepted", await fixture.RequestAsync(token, fixture.Proof(token)));

        Assert.Equal("sender_constrained", ProofFixture.OutcomeOf(await fixture.ValidateAsync(token, proof: (DPoPProof?)null)));
        Assert.Equal("invalid_dpop_proof thumbprint", await fixture.OutcomeAsync(token, fixture.Proof(token, key: ProofFixture.OtherClient)));
        Assert.Equal(ProofOfPossession.DPoP, (await fixture.ValidateAsync(token, fixture.Proof(token))).Token!.ProofOfPossession);
    }

    [Fact]
    public async Task Tokens_of_one_client_that_are_bound_to_two_keys_are_not_confused_in_memory()
    {
        await using var fixture = await ProofFixture.StartAsync();
        var one = fixture.Token();
        var other = fixture.Token(ProofFixture.OtherClient, (_, payload) => payload["jti"] = "token-2");
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal("accepted", await fixture.RequestAsync(one, fixture.Proof(one)));
            Assert.Equal("accepted", await fixture.RequestAsync(other, fixture.Proof(other, key: ProofFixture.OtherClient)));
            Assert.Equal("invalid_dpop_proof thumbprint", await fixture.OutcomeAsync(one, fixture.Proof(one, key: ProofFixture.OtherClient)));
            Assert.Equal("invalid_dpop_proof thumbprint", await fixture.OutcomeAsync(other, fixture.Proof(other)));
        }
    }
}
