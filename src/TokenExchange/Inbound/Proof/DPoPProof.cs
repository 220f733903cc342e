using System.Text.Json;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// The proof that came with one request, and the request that it must be for. Good for nothing until the token's
/// validation has checked it, and for this one request only once <see cref="SenderPolicy.RedeemAsync"/> has taken it.
/// </summary>
/// <remarks>RFC 9449 §4.2.</remarks>
public sealed class DPoPProof
{
    /// <summary>A proof as it was received.</summary>
    /// <param name="text">The value of the <c>DPoP</c> header; null unless there is exactly one.</param>
    /// <param name="method">The method of the request (<c>htm</c>).</param>
    /// <param name="uri">The URI that clients know the requested resource by, without query and fragment (<c>htu</c>).</param>
    public DPoPProof(string? text, string method, string uri)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(uri);
        (Text, Method, Uri) = (text, method, uri);
    }

    /// <summary>The method of the request.</summary>
    public string Method { get; }

    /// <summary>The URI of the request, without query and fragment.</summary>
    public string Uri { get; }

    /// <summary>A nonce for the <c>DPoP-Nonce</c> header of whatever is answered; null when the client needs no new one.</summary>
    /// <remarks>RFC 9449 §8.2, §9.</remarks>
    public string? FreshNonce { get; internal set; }

    /// <summary>Whether the proof, once it was checked, holds the digest of a body: then the body must be read before it is redeemed.</summary>
    public bool CoversBody => Claims.ValueKind == JsonValueKind.Object && Claims.TryGetProperty(ProofChecks.ContentDigest, out _);

    internal string? Text { get; }

    /// <summary>The thumbprint of the key that the proof was verified with; null before it was.</summary>
    internal string? Thumbprint { get; private set; }

    internal JsonElement Claims { get; private set; }

    /// <summary>When the proof was made, in seconds since 1970.</summary>
    internal long IssuedAt { get; private set; }

    internal void Verified(string thumbprint, JsonElement claims, long issuedAt) => (Thumbprint, Claims, IssuedAt) = (thumbprint, claims, issuedAt);

    /// <summary>Names no part of the proof.</summary>
    public override string ToString() => $"proof for {Method} {Uri}";
}
