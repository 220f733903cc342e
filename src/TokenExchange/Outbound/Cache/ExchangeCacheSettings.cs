
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Cache;

/// <summary>The bounds of the cache.</summary>
/// <param name="Capacity">The most entries, remembered refusals included.</param>
/// <param name="MaxAge">The longest time that an entry is served.</param>
public sealed record ExchangeCacheSettings(int Capacity, TimeSpan MaxAge)
{
    /// <summary>
    /// How long an exchange may be on its way before everybody who waits gets <see cref="ExchangeResult.Unavailable"/>,
    /// whatever the exchanger behind does. Longer than the longest time limit of an authorization server, so that what is
    /// given up here is not on its way any more and the next caller's exchange is the only one.
    /// </summary>
    public TimeSpan FlightTimeout { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>The fields of the cache key that do not change from request to request.</summary>
public sealed record CachePartition(string AuthorizationServer, string TokenEndpoint, string ClientId, string RequestedTokenType)
{
    /// <summary>The digest of the actor token that is sent along now; null: none is.</summary>
    /// <remarks>RFC 8693 §2.1.</remarks>
    public Func<TokenDigest?>? Actor { get; init; }
}
