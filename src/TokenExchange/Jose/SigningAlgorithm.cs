using System.Security.Cryptography;

namespace TokenExchange.Jose;

/// <summary>A JWS algorithm that the local issuer signs with.</summary>
/// <remarks>RFC 7518 §3.</remarks>
internal sealed class SigningAlgorithm
{
    private static readonly SigningAlgorithm[] All =
    [
        new() { Name = "ES256", Hash = HashAlgorithmName.SHA256, Curve = ECCurve.NamedCurves.nistP256, CurveName = "P-256" },
        new() { Name = "ES384", Hash = HashAlgorithmName.SHA384, Curve = ECCurve.NamedCurves.nistP384, CurveName = "P-384" },
        new() { Name = "PS256", Hash = HashAlgorithmName.SHA256, Padding = RSASignaturePadding.Pss },
        new() { Name = "RS256", Hash = HashAlgorithmName.SHA256, Padding = RSASignaturePadding.Pkcs1 },
    ];

    private SigningAlgorithm()
    {
    }

    public static string Names { get; } = string.Join(", ", All.Select(algorithm => algorithm.Name));

    public required string Name { get; init; }

    public required HashAlgorithmName Hash { get; init; }

    public RSASignaturePadding? Padding { get; private init; }

    /// <summary>The name of the curve in a JWK; null for RSA.</summary>
    public string? CurveName { get; private init; }

    public ECCurve Curve { get; private init; }

    public const int LeastRsaBits = 2048;

    public string KeyKind => CurveName is null ? $"an RSA key of at least {LeastRsaBits} bits" : $"an EC key on {CurveName}";

    public static SigningAlgorithm? Named(string name) => Array.Find(All, algorithm => algorithm.Name == name);

    public AsymmetricAlgorithm CreateKey() => CurveName is null ? RSA.Create(LeastRsaBits) : ECDsa.Create(Curve);

    /// <summary>The private key of a PKCS#8 document; null when it is no key of this algorithm.</summary>
    public AsymmetricAlgorithm? Import(ReadOnlySpan<byte> pkcs8)
    {
        AsymmetricAlgorithm key = CurveName is null ? RSA.Create() : ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            if (read == pkcs8.Length && Fits(key))
            {
                return key;
            }
        }
        catch (CryptographicException)
        {
        }

        key.Dispose();
        return null;
    }

    /// <summary>The private key of a PEM document of any usual form; null when it is no key of this algorithm.</summary>
    public AsymmetricAlgorithm? ImportPem(ReadOnlySpan<char> pem)
    {
        AsymmetricAlgorithm key = CurveName is null ? RSA.Create() : ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (Fits(key))
            {
                return key;
            }
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
        }

        key.Dispose();
        return null;
    }

    // By the curve's identity: other curves have 256 bits as well.
    private bool Fits(AsymmetricAlgorithm key) => key switch
    {
        ECDsa ec => ec.ExportParameters(false).Curve is { IsNamed: true } curve && curve.Oid.Value == Curve.Oid.Value,
        RSA rsa => rsa.KeySize >= LeastRsaBits,
        _ => false,
    };
}
