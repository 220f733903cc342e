using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Deputy.Tokens;

/// <summary>A signing key with its id and algorithm, as an issuer holds it.</summary>
internal sealed class Key
{
    private readonly AsymmetricAlgorithm key;
    private readonly Lock gate = new();

    private Key(AsymmetricAlgorithm key, string algorithm, string kid) => (this.key, Algorithm, Kid) = (key, algorithm, kid);

    public string Algorithm { get; }

    public string Kid { get; }

    private HashAlgorithmName Hash => new("SHA" + Algorithm[2..]);

    public static Key Create(string algorithm, string kid, int rsaBits = 2048) => new(
        algorithm switch
        {
            "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            _ => RSA.Create(rsaBits),
        },
        algorithm,
        kid);

    /// <summary>The same key material under another id.</summary>
    public Key As(string kid) => new(key, Algorithm, kid);

    /// <summary>A JWS signature (RFC 7518 §3).</summary>
    public byte[] Sign(ReadOnlySpan<byte> input)
    {
        lock (gate)
        {
            return key switch
            {
                ECDsa ec => ec.SignData(input, Hash),
                RSA rsa => rsa.SignData(input, Hash, Algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
                _ => throw new InvalidOperationException(),
            };
        }
    }

    /// <summary>The same in the encoding of X.509, which JWS does not use.</summary>
    public byte[] SignDer(ReadOnlySpan<byte> input)
    {
        lock (gate)
        {
            return ((ECDsa)key).SignData(input, Hash, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    public bool Verifies(string token)
    {
        var dot = token.LastIndexOf('.');
        var input = Encoding.ASCII.GetBytes(token[..dot]);
        lock (gate)
        {
            return Encoded.TryDecode(token[(dot + 1)..], out var signature) && key switch
            {
                ECDsa ec => ec.VerifyData(input, signature, Hash),
                RSA rsa => rsa.VerifyData(input, signature, Hash, Algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
                _ => false,
            };
        }
    }

    /// <summary>The public key as a JWK (RFC 7517).</summary>
    public JsonObject Jwk(bool bare = false)
    {
        var jwk = bare ? [] : new JsonObject { ["use"] = "sig", ["alg"] = Algorithm, ["kid"] = Kid };
        if (key is ECDsa ec)
        {
            var parameters = ec.ExportParameters(false);
            jwk["kty"] = "EC";
            jwk["crv"] = Algorithm == "ES256" ? "P-256" : "P-384";
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

    /// <summary>The private members too: what no document may ever hold.</summary>
    public JsonObject PrivateJwk()
    {
        var jwk = Jwk(bare: true);
        jwk["d"] = Base64Url.EncodeToString(((ECDsa)key).ExportParameters(true).D);
        return jwk;
    }

    public string PrivatePem() => key.ExportPkcs8PrivateKeyPem();

    public string PublicPem() => key.ExportSubjectPublicKeyInfoPem();

    /// <summary>RFC 7638.</summary>
    public string Thumbprint()
    {
        var jwk = Jwk(bare: true);
        string[] names = key is ECDsa ? ["crv", "kty", "x", "y"] : ["e", "kty", "n"];
        return Encoded.Digest("{" + string.Join(',', names.Select(name => $"\"{name}\":\"{jwk[name]!.GetValue<string>()}\"")) + "}");
    }
}
