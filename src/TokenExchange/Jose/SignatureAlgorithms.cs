using System.Collections.Frozen;
using System.Collections.Immutable;

namespace TokenExchange.Jose;

/// <summary>The signature algorithms that can be verified. No symmetric one is among them, whatever is configured.</summary>
/// <remarks>RFC 7518 §3.1; RFC 8037 §3.1 and RFC 9864 §2.2 for Ed25519, which has two names.</remarks>
public static class SignatureAlgorithms
{
    private static readonly (string Name, KeyKind Key)[] All =
    [
        ("ES256", new("EC", "P-256")),
        ("ES384", new("EC", "P-384")),
        ("ES512", new("EC", "P-521")),
        ("PS256", new("RSA", null)),
        ("PS384", new("RSA", null)),
        ("PS512", new("RSA", null)),
        ("RS256", new("RSA", null)),
        ("RS384", new("RSA", null)),
        ("RS512", new("RSA", null)),
        ("EdDSA", new("OKP", "Ed25519")),
        ("Ed25519", new("OKP", "Ed25519")),
    ];

    private static readonly FrozenDictionary<string, KeyKind> Kinds = All.ToFrozenDictionary(one => one.Name, one => one.Key, StringComparer.Ordinal);

    /// <summary>Their names (<c>alg</c>).</summary>
    public static ImmutableArray<string> Names { get; } = [.. All.Select(one => one.Name)];

    internal static KeyKind? KeyOf(string algorithm) => Kinds.GetValueOrDefault(algorithm);

    /// <summary>Whether one of <paramref name="algorithms"/> is the one of that name, whichever of its names either is.</summary>
    internal static bool Admit(ImmutableArray<string> algorithms, string algorithm)
    {
        foreach (var admitted in algorithms)
        {
            if (AreOne(admitted, algorithm))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether two names mean one algorithm.</summary>
    internal static bool AreOne(string name, string other) =>
        name == other || (name is "EdDSA" or "Ed25519" && other is "EdDSA" or "Ed25519");

    /// <summary>The <c>kty</c> and <c>crv</c> of the keys of an algorithm.</summary>
    internal sealed record KeyKind(string Type, string? Curve);
}
