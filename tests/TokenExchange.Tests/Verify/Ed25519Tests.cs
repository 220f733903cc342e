using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Harness;
using Org.BouncyCastle.Math.EC.Rfc8032;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Verify;

/// <summary>Tokens that are signed with Ed25519, under either of its two names.</summary>
public sealed class Ed25519Tests
{
    private static readonly byte[] Private = [.. Enumerable.Range(1, Ed25519.SecretKeySize).Select(i => (byte)i)];

    [Theory]
    [InlineData("EdDSA", "EdDSA", null)]
    [InlineData("EdDSA", "Ed25519", null)]
    [InlineData("Ed25519", "EdDSA", null)]
    [InlineData("EdDSA", "EdDSA", "Ed25519")]
    [InlineData("Ed25519", "Ed25519", "EdDSA")]
    public async Task A_token_is_accepted_whichever_name_header_configuration_and_key_use(string algorithm, string configured, string? ofKey)
    {
        await using var fixture = await ValidatorFixture.StartAsync(algorithms: ["ES256", configured]);
        fixture.Issuer.Jwks = TestKey.Jwks(Jwk(ofKey));

        Assert.Equal("accepted", await fixture.ReasonAsync(Token(fixture, algorithm)));
        Assert.Equal("signature_invalid", await fixture.ReasonAsync(Token(fixture, algorithm, signature => signature[0] ^= 1)));
        Assert.Equal("signature_invalid", await fixture.ReasonAsync(Token(fixture, algorithm, signature => signature[63] ^= 0x80)));
        Assert.True(fixture.Keys.Available);
    }

    [Fact]
    public async Task Where_it_is_not_configured_it_is_refused()
    {
        await using var fixture = await ValidatorFixture.StartAsync();
        fixture.Issuer.Jwks = TestKey.Jwks(Jwk(null));

        Assert.Equal("alg_not_allowed", await fixture.ReasonAsync(Token(fixture, "EdDSA")));
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task A_key_is_for_no_algorithm_but_its_own(string algorithm)
    {
        await using var fixture = await ValidatorFixture.StartAsync(algorithms: ["EdDSA", "ES256", "RS256"]);
        fixture.Issuer.Jwks = TestKey.Jwks(Jwk(null));

        Assert.Equal("key_not_for_signing", await fixture.ReasonAsync(Token(fixture, algorithm)));
    }

    [Theory]
    [InlineData("""{"crv":"Ed448"}""")]
    [InlineData("""{"crv":"X25519"}""")]
    [InlineData("""{"x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    [InlineData("""{"x":"AQ"}""")]
    [InlineData("""{"x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    [InlineData("""{"use":"enc"}""")]
    [InlineData("""{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}""")]
    [InlineData("""{"alg":"ES256"}""")]
    public void An_unfit_key_is_for_nothing(string change)
    {
        var jwk = Jwk(null);
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            jwk[name] = value!.DeepClone();
        }

        Assert.False(VerificationKey.Read(JsonElement.Parse(jwk.ToJsonString())).IsFor("EdDSA"));
    }

    private static JsonObject Jwk(string? algorithm)
    {
        var point = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(Private, 0, point, 0);
        var jwk = new JsonObject { ["kty"] = "OKP", ["crv"] = "Ed25519", ["kid"] = "ed", ["x"] = Base64Url.EncodeToString(point) };
        if (algorithm is not null)
        {
            jwk["alg"] = algorithm;
        }

        return jwk;
    }

    private static string Token(ValidatorFixture fixture, string algorithm, Action<byte[]>? spoil = null)
    {
        var header = new JsonObject { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = "ed" };
        var payload = TokenForge.Payload(fixture.Issuer.Issuer, ValidatorFixture.Resource, fixture.Clock.GetUtcNow());
        var signed = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString())) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload.ToJsonString()));
        var bytes = Encoding.ASCII.GetBytes(signed);
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(Private, 0, bytes, 0, bytes.Length, signature, 0);
        spoil?.Invoke(signature);
        return signed + "." + Base64Url.EncodeToString(signature);
    }
}
