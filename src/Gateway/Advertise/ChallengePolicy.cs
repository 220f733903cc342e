using System.Collections.Immutable;
using TokenExchange.Inbound;

namespace Gateway.Advertise;

/// <summary>How one server tells clients what they lack: where its resource document is, and its scopes as clients ask for them.</summary>
internal sealed class ChallengePolicy
{
    /// <summary>Where the resource document is (RFC 9728 §3).</summary>
    public required string MetadataUrl { get; init; }

    /// <summary>The scopes in the resource document, prefixed.</summary>
    public required ImmutableArray<string> AdvertisedScopes { get; init; }

    /// <summary>The scopes that a challenge without a token names, prefixed: those that every request needs, else those of the document, which clients would take them from.</summary>
    public required string MissingTokenScopes { get; init; }

    public required string? ScopePrefix { get; init; }

    /// <summary>The algorithms of DPoP proofs.</summary>
    public required ImmutableArray<string> ProofAlgorithms { get; init; }

    /// <summary>Whether a token without a proof is refused, so that no challenge offers Bearer.</summary>
    public required bool ProofRequired { get; init; }

    /// <summary>Scopes as clients ask for them at this server's authorization server.</summary>
    public string Prefixed(ScopeSet scopes) => Prefixed(ScopePrefix, scopes);

    /// <summary>Scopes with a prefix each, as one space-separated list.</summary>
    public static string Prefixed(string? prefix, ScopeSet scopes) =>
        prefix is null ? scopes.ToString() : string.Join(' ', scopes.Select(scope => prefix + scope));
}
