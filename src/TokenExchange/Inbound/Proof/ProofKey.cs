using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>Reads the key that a proof brings along: a public one, of the proof's algorithm, in the one way to write it.</summary>
/// <remarks>RFC 9449 §4.2 (<c>jwk</c>), §4.3 steps 5 and 7; RFC 7518 §6.</remarks>
internal static class ProofKey
{
    private const int LeastRsaBits = 2048, MostRsaBits = 4096;
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    /// <summary>Whether the key is a public one for <paramref name="algorithm"/>. That it is a key at all shows when it is imported.</summary>
    public static bool IsPublicKeyFor(JsonElement jwk, string algorithm)
    {
        if (SignatureAlgorithms.KeyOf(algorithm) is not { } kind || Jws.StringOf(jwk, "kty") != kind.Type ||
            !VerificationKey.IsForVerifying(jwk) || (jwk.TryGetProperty("alg", out _) && !(Jws.StringOf(jwk, "alg") is { } only && SignatureAlgorithms.AreOne(only, algorithm))))
        {
            return false;
        }

        foreach (var name in PrivateMembers)
        {
            if (jwk.TryGetProperty(name, out _))
            {
                return false;
            }
        }

        return kind.Type == "RSA" ? IsRsaKey(jwk) : Jws.StringOf(jwk, "crv") == kind.Curve && IsPoint(jwk, kind);
    }

    private static bool IsRsaKey(JsonElement jwk)
    {
        // 65537. Another exponent is a weak key, or a way to make verifying slow.
        if (Jws.StringOf(jwk, "e") != "AQAB" || Jws.StringOf(jwk, "n") is not { } text || !Jws.TryDecode(text, out var modulus) || modulus is [] or [0, ..])
        {
            return false;
        }

        var bits = (modulus.Length * 8) - byte.LeadingZeroCount(modulus[0]);
        return bits is >= LeastRsaBits and <= MostRsaBits;
    }

    private static bool IsPoint(JsonElement jwk, SignatureAlgorithms.KeyKind kind)
    {
        var length = kind.Curve switch
        {
            "P-384" => 48,
            "P-521" => 66,
            _ => 32,
        };
        return IsNumber(jwk, "x", length) && (kind.Type != "EC" || IsNumber(jwk, "y", length));
    }

    // Of the curve's full length (RFC 7518 §6.2.1.2), so that a key has one thumbprint and no other.
    private static bool IsNumber(JsonElement jwk, string name, int length) =>
        Jws.StringOf(jwk, name) is { } text && Jws.TryDecode(text, out var bytes) && bytes.Length == length;
}
