using System.Text.Json.Nodes;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Tests.Verify;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>Times at the end of what can be written stop no revocation: to say that a token never expires is not to be malformed.</summary>
public sealed class FarTimesTests
{
    private const long Last = 253402300799;

    [Theory]
    [InlineData("exp", Last, null)]
    [InlineData("exp", Last - 10, null)]
    [InlineData("nbf", Last, "not before")]
    [InlineData("iat", Last, "issued at")]
    public async Task A_logout_that_expires_at_the_end_of_time_is_carried_out_and_one_from_there_is_not(string claim, long seconds, string? refusal)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var validator = new LogoutTokenValidator(fixture.Trusted.Server, ["mcp-gateway"], ["ES256"], TimeSpan.FromSeconds(30), fixture.Clock);
        var token = fixture.Token((header, payload) =>
        {
            (header["typ"], payload["aud"], payload["jti"]) = ("logout+jwt", "mcp-gateway", "logout-1");
            payload["events"] = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() };
            payload[claim] = seconds;
        });

        Assert.Equal(refusal, (await validator.ValidateAsync(token.AsMemory(), CancellationToken.None)).Refusal);
    }

    [Theory]
    [InlineData("exp", Last, null)]
    [InlineData("nbf", Last, "times")]
    [InlineData("iat", Last, "issued at")]
    public async Task So_is_a_security_event(string claim, long seconds, string? refusal)
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        var issuer = fixture.Trusted.Server;
        var validator = new SecurityEventValidator(issuer, issuer.Settings.Issuer, "mcp-gateway", ["ES256"], TimeSpan.FromSeconds(30), TimeSpan.FromDays(1), fixture.Clock);
        var token = fixture.Token((header, payload) =>
        {
            (header["typ"], payload["aud"], payload["jti"]) = ("secevent+jwt", "mcp-gateway", "event-1");
            payload["events"] = new JsonObject { ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"] = new JsonObject() };
            payload[claim] = seconds;
        });

        Assert.Equal(refusal, (await validator.ValidateAsync(token.AsMemory(), CancellationToken.None)).Check);
    }
}
