using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Harness;

/// <summary>Keys made once per test run; none is ever written down.</summary>
public static class TestKeys
{
    public static TestKey Es256 { get; } = TestKey.Create("ES256", "es256");

    public static TestKey Es384 { get; } = TestKey.Create("ES384", "es384");

    public static TestKey Es512 { get; } = TestKey.Create("ES512", "es512");

    public static TestKey Rs256 { get; } = TestKey.Create("RS256", "rs256");

    public static TestKey Ps256 { get; } = TestKey.Create("PS256", "ps256");

    /// <summary>Too short to be trusted.</summary>
    public static TestKey Rs256Of1024Bits { get; } = TestKey.Create("RS256", "rs256-weak", rsaBits: 1024);

    /// <summary>A key that no issuer publishes unless a test says so.</summary>
    public static TestKey Stranger { get; } = TestKey.Create("ES256", "stranger");
}

/// <summary>A signing key with its id and algorithm, as an issuer holds it.</summary>
public sealed class TestKey
{
    private readonly AsymmetricAlgorithm key;
    private readonly Lock gate = new();

    private TestKey(AsymmetricAlgorithm key, string algorithm, string? kid) => (this.key, Algorithm, Kid) = (key, algorithm, kid);

    public string Algorithm { get; }

    public string? Kid { get; }

    public ECDsa? Ec => key as ECDsa;

    public RSA? Rsa => key as RSA;

    private HashAlgorithmName Hash => new("SHA" + Algorithm[2..]);

    public static TestKey Create(string algorithm, string? kid, int rsaBits = 2048) => new(
        algorithm switch
        {
            "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
            _ => RSA.Create(rsaBits),
        },
        algorithm,
        kid);

    /// <summary>A key for ES256 of before, from its <see cref="PrivatePem"/>.</summary>
    public static TestKey Es256From(string pem, string? kid)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return new(key, "ES256", kid);
    }

    /// <summary>The same key material under another id or for another algorithm of its family.</summary>
    public TestKey As(string? kid = null, string? algorithm = null) => new(key, algorithm ?? Algorithm, kid ?? Kid);

    /// <summary>A JWS signature (RFC 7518 §3) over the signing input.</summary>
    public byte[] Sign(ReadOnlySpan<byte> signingInput)
    {
        lock (gate)
        {
            return key switch
            {
                ECDsa ec => ec.SignData(signingInput, Hash),
                RSA rsa => rsa.SignData(signingInput, Hash, Algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
                _ => throw new InvalidOperationException(),
            };
        }
    }

    /// <summary>The public key as a JWK (RFC 7517); change members of it to get an unfit one.</summary>
    public JsonObject Jwk()
    {
        var jwk = new JsonObject { ["use"] = "sig", ["alg"] = Algorithm };
        if (Kid is not null)
        {
            jwk["kid"] = Kid;
        }

        if (key is ECDsa ec)
        {
            var parameters = ec.ExportParameters(false);
            jwk["kty"] = "EC";
            jwk["crv"] = Algorithm switch { "ES256" => "P-256", "ES384" => "P-384", _ => "P-521" };
            jwk["x"] = Base64Url.EncodeToString(parameters.Q.X);
            jwk["y"] = Base64Url.EncodeToString(parameters.Q.Y);
        }
        else
        {
            var parameters = ((RSA)key).ExportParameters(false);
            jwk["kty"] = "RSA";
            jwk["n"] = Base64Url.EncodeToString(parameters.Modulus);
            jwk["e"] = Base64Url.EncodeToString(parameters.Exponent);
        }

        return jwk;
    }

    /// <summary>A JWK set of the given keys.</summary>
    public static string Jwks(params IEnumerable<JsonObject> keys) =>
        new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString();

    /// <summary>The private key as PKCS#8 PEM, for code that reads key files.</summary>
    public string PrivatePem() => key.ExportPkcs8PrivateKeyPem();
}
