using System.Text.Json.Nodes;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Tests.Proof;
using TokenExchange.Tests.Verify;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>A name is as long as its characters are many, wherever it stands: whoever a token may name, a revocation can name too.</summary>
public sealed class LongNamesTests
{
    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public async Task A_logout_names_whom_a_token_may_name(int length, bool accepted)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var name = string.Concat(Enumerable.Repeat("😀", length));
        var issuer = fixture.Trusted.Server;
        var validator = new LogoutTokenValidator(issuer, ["mcp-gateway"], ["ES256"], TimeSpan.FromSeconds(30), fixture.Clock);
        var token = fixture.Token((header, payload) =>
        {
            (header["typ"], payload["aud"], payload["sub"], payload["jti"]) = ("logout+jwt", "mcp-gateway", name, name);
            payload["events"] = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() };
        });

        var validation = await validator.ValidateAsync(token.AsMemory(), CancellationToken.None);

        Assert.Equal((accepted, accepted ? name : null), (validation.Refusal is null, validation.Logout?.Subject));
        Assert.Equal(accepted ? "accepted" : "subject_invalid", await fixture.ReasonAsync(fixture.Token((_, payload) => payload["sub"] = name)));
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public async Task A_security_event_names_whom_a_token_may_name(int length, bool accepted)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var name = string.Concat(Enumerable.Repeat("😀", length));
        var issuer = fixture.Trusted.Server;
        var validator = new SecurityEventValidator(issuer, issuer.Settings.Issuer, "mcp-gateway", ["ES256"], TimeSpan.FromSeconds(30), TimeSpan.FromDays(1), fixture.Clock);
        var token = fixture.Token((header, payload) =>
        {
            (header["typ"], payload["aud"], payload["jti"]) = ("secevent+jwt", "mcp-gateway", "event-1");
            payload.Remove("sub");
            payload.Remove("exp");
            payload["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = issuer.Settings.Issuer, ["sub"] = name };
            payload["events"] = new JsonObject { ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"] = new JsonObject { ["event_timestamp"] = fixture.Clock.GetUtcNow().ToUnixTimeSeconds() } };
        });

        var validation = await validator.ValidateAsync(token.AsMemory(), CancellationToken.None);

        Assert.Equal(accepted, validation.Error is null);
    }

    [Theory]
    [InlineData(256, "accepted")]
    [InlineData(257, "Invalid jti")]
    public async Task The_id_of_a_proof_has_as_many_characters(int length, string outcome)
    {
        await using var fixture = await ProofFixture.StartAsync();
        var token = fixture.Token();

        Assert.Equal(outcome, await fixture.RequestAsync(token, fixture.Proof(token, (_, payload) => payload["jti"] = string.Concat(Enumerable.Repeat("😀", length)))));
    }
}
