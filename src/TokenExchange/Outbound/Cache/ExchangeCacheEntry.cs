using TokenExchange.Outbound.Local;

namespace TokenExchange.Outbound.Cache;

/// <summary>What an operator may see of an entry.</summary>
/// <param name="Server">The resource identifier of the gateway's server.</param>
/// <param name="SubjectDigest">base64url of SHA-256 over issuer and subject, each with its length before it: equal for one subject's entries.</param>
/// <param name="ExpiresAt">When the entry ends.</param>
/// <param name="Hits">How often it answered, its predecessors under the same key included.</param>
/// <param name="IsRefusal">Whether a refusal is remembered and no token.</param>
public sealed record ExchangeCacheEntry(string Server, string SubjectDigest, DateTimeOffset ExpiresAt, long Hits, bool IsRefusal)
{
    internal static ExchangeCacheEntry Of(CacheEntry entry) =>
        new(entry.Server, QualifiedSubject.Of(entry.Subject!.Issuer.Issuer, entry.Subject.Subject), entry.ServedUntil, entry.Hits, entry.IsRefusal);
}
