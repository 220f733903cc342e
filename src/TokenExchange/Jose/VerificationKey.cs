using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace TokenExchange.Jose;

/// <summary>One public key of an issuer: says which algorithms it is for, and verifies with them.</summary>
/// <remarks>RFC 7517 §4; RFC 7518 §6; RFC 8037 §2.</remarks>
internal sealed class VerificationKey
{
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 16384;

    // Of its own, so that providers of replaced keys are not kept alive by the library's global cache.
    private static readonly CryptoProviderFactory Factory = new() { CacheSignatureProviders = false };

    private readonly ConcurrentDictionary<string, SignatureProvider> providers = new(StringComparer.Ordinal);
    private readonly SecurityKey? key;
    private readonly SignatureAlgorithms.KeyKind? kind;
    private readonly string? onlyAlgorithm;
    private readonly byte[] material;

    private VerificationKey(SecurityKey? key, SignatureAlgorithms.KeyKind? kind, string? onlyAlgorithm, params ReadOnlySpan<byte[]> material)
    {
        (this.key, this.kind, this.onlyAlgorithm) = (key, kind, onlyAlgorithm);
        this.material = [.. material.ToArray().SelectMany(bytes => bytes)];
    }

    /// <summary>A key that is there, so that its id is known, but is good for nothing.</summary>
    private static VerificationKey Unfit { get; } = new(null, null, null);

    /// <summary>Whether the key is good for anything.</summary>
    public bool IsFit => kind is not null;

    /// <summary>Whether the key is meant and strong enough for signatures of <paramref name="algorithm"/>.</summary>
    public bool IsFor(string algorithm) =>
        kind is not null && kind == SignatureAlgorithms.KeyOf(algorithm) && (onlyAlgorithm is null || SignatureAlgorithms.AreOne(onlyAlgorithm, algorithm));

    /// <summary>Whether both are the very same public key, so that it does not matter which of them verifies.</summary>
    public bool IsSameAs(VerificationKey other) => kind is not null && kind == other.kind && material.AsSpan().SequenceEqual(other.material);

    /// <summary>Whether the signature is sound. May throw for what the platform's cryptography chokes on: a refusal to the caller.</summary>
    public bool Verify(string algorithm, byte[] signingInput, byte[] signature)
    {
        if (kind!.Type == "OKP")
        {
            // The platform has no Ed25519.
            return signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, 0, material, 0, signingInput, 0, signingInput.Length);
        }

        var provider = providers.GetOrAdd(algorithm, static (name, key) => Factory.CreateForVerifying(key, name, cacheProvider: false), key!);
        return provider.Verify(signingInput, signature);
    }

    /// <summary>Reads a JWK. Whatever makes it unfit for verifying leaves a key that is for no algorithm.</summary>
    public static VerificationKey Read(JsonElement jwk)
    {
        try
        {
            return IsForVerifying(jwk)
                ? Jws.StringOf(jwk, "kty") switch
                {
                    "EC" => ReadEllipticCurve(jwk),
                    "RSA" => ReadRsa(jwk),
                    "OKP" => ReadEdwardsCurve(jwk),
                    _ => Unfit,
                }
                : Unfit;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or PlatformNotSupportedException)
        {
            return Unfit;
        }
    }

    /// <summary>Whether the JWK is a public key that nobody has meant for anything but signatures.</summary>
    public static bool IsForVerifying(JsonElement jwk)
    {
        if (jwk.Has("use") && Jws.StringOf(jwk, "use") != "sig")
        {
            return false;
        }

        if (jwk.Has("key_ops", out var operations) &&
            (operations.ValueKind != JsonValueKind.Array || !operations.EnumerateArray().Any(operation => operation.ValueKind == JsonValueKind.String && operation.ValueEquals("verify"))))
        {
            return false;
        }

        if (jwk.Has("alg") && Jws.StringOf(jwk, "alg") is null)
        {
            return false;
        }

        // Whoever publishes a private key lets everybody sign.
        return !jwk.Has("d") && !jwk.Has("k");
    }

    private static VerificationKey ReadEllipticCurve(JsonElement jwk)
    {
        var curve = Jws.StringOf(jwk, "crv");
        ECCurve? named = curve switch
        {
            "P-256" => ECCurve.NamedCurves.nistP256,
            "P-384" => ECCurve.NamedCurves.nistP384,
            "P-521" => ECCurve.NamedCurves.nistP521,
            _ => null,
        };
        if (named is null || !TryReadBytes(jwk, "x", out var x) || !TryReadBytes(jwk, "y", out var y))
        {
            return Unfit;
        }

        // Refuses points that are not on the curve.
        var ec = ECDsa.Create(new ECParameters { Curve = named.Value, Q = new ECPoint { X = x, Y = y } });
        return new VerificationKey(new ECDsaSecurityKey(ec), new("EC", curve), Jws.StringOf(jwk, "alg"), x, y);
    }

    private static VerificationKey ReadEdwardsCurve(JsonElement jwk) =>
        Jws.StringOf(jwk, "crv") == "Ed25519" && TryReadBytes(jwk, "x", out var x) && x.Length == Ed25519.PublicKeySize && Ed25519.ValidatePublicKeyFull(x, 0)
            ? new VerificationKey(null, new("OKP", "Ed25519"), Jws.StringOf(jwk, "alg"), x)
            : Unfit;

    private static VerificationKey ReadRsa(JsonElement jwk)
    {
        const int LongestExponent = 8;
        if (!TryReadBytes(jwk, "n", out var modulus) || !TryReadBytes(jwk, "e", out var exponent) ||
            exponent.Length > LongestExponent || exponent is [1] || exponent[^1] % 2 == 0)
        {
            return Unfit;
        }

        var bits = (modulus.Length * 8) - byte.LeadingZeroCount(modulus[0]);
        if (bits is < LeastRsaBits or > MostRsaBits)
        {
            return Unfit;
        }

        var rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
        return new VerificationKey(new RsaSecurityKey(rsa), new("RSA", null), Jws.StringOf(jwk, "alg"), modulus, exponent);
    }

    private static bool TryReadBytes(JsonElement jwk, string name, out byte[] bytes)
    {
        bytes = [];
        if (Jws.StringOf(jwk, name) is not { Length: > 0 } text || !Jws.TryDecode(text, out var decoded))
        {
            return false;
        }

        // Some servers write a sign byte in front of big integers.
        bytes = name is "n" or "e" ? decoded.AsSpan().TrimStart((byte)0).ToArray() : decoded;
        return bytes.Length > 0;
    }
}
