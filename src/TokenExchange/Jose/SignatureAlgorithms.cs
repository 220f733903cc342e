using System.Collections.Frozen;

namespace TokenExchange.Jose;

/// <summary>The signature algorithms that can be verified. No symmetric one is among them, whatever is configured.</summary>
/// <remarks>RFC 7518 §3.1.</remarks>
internal static class SignatureAlgorithms
{
    private static readonly FrozenDictionary<string, KeyKind> Kinds = new Dictionary<string, KeyKind>
    {
        ["ES256"] = new("EC", "P-256"),
        ["ES384"] = new("EC", "P-384"),
        ["ES512"] = new("EC", "P-521"),
        ["RS256"] = new("RSA", null),
        ["RS384"] = new("RSA", null),
        ["RS512"] = new("RSA", null),
        ["PS256"] = new("RSA", null),
        ["PS384"] = new("RSA", null),
        ["PS512"] = new("RSA", null),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static KeyKind? KeyOf(string algorithm) => Kinds.GetValueOrDefault(algorithm);

    /// <summary>The <c>kty</c> and <c>crv</c> of the keys of an algorithm.</summary>
    public sealed record KeyKind(string Type, string? Curve);
}
