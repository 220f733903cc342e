using System.Text.Json.Nodes;
using Deputy.Attacks;

namespace Deputy.Tokens;

/// <summary>DPoP proofs (RFC 9449 §4.2).</summary>
internal static class Proof
{
    /// <summary>A perfect proof for this call with this token.</summary>
    public static Forged For(Attack attack, Key key, Call call, string? htu = null) => new(
        key,
        new JsonObject { ["typ"] = "dpop+jwt", ["alg"] = key.Algorithm, ["jwk"] = key.Jwk(bare: true) },
        new JsonObject
        {
            ["htm"] = call.Method,
            ["htu"] = htu ?? $"https://{Call.PublicHost}{call.Target}",
            ["iat"] = attack.Now,
            ["jti"] = "p-" + Peers.Marker.Fresh(),
            ["ath"] = Encoded.Digest(call.Token ?? ""),
        });

    /// <summary>The thumbprint of the key in a proof's header; null when there is none.</summary>
    public static string? Thumbprint(string? proof) =>
        Encoded.Header(proof)?["jwk"] is JsonObject jwk && jwk["kty"]?.ToString() is { } type
            ? Encoded.Digest("{" + string.Join(',', (type == "EC" ? new[] { "crv", "kty", "x", "y" } : ["e", "kty", "n"]).Select(name => $"\"{name}\":\"{jwk[name]}\"")) + "}")
            : null;
}
