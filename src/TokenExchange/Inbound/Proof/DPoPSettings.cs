using System.Collections.Immutable;

namespace TokenExchange.Inbound.Proof;

/// <summary>What is asked of DPoP proofs at one server.</summary>
/// <remarks>RFC 9449 §4.3, §9.</remarks>
public sealed record DPoPSettings
{
    /// <summary>The algorithms of proofs where nothing else is said.</summary>
    public static ImmutableArray<string> DefaultAlgorithms { get; } = ["ES256", "PS256", "RS256"];

    /// <summary>How far the time of a proof (<c>iat</c>) may be off, before and after now; also how long a nonce is good.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether a proof must hold a nonce of ours.</summary>
    public bool NonceRequired { get; init; }

    /// <summary>Whether the proof of a request with a body must hold the digest of that body (<c>content_digest</c>).</summary>
    public bool ContentDigestRequired { get; init; }

    /// <summary>The signature algorithms of proofs; asymmetric only.</summary>
    public ImmutableArray<string> Algorithms { get; init; } = DefaultAlgorithms;
}
