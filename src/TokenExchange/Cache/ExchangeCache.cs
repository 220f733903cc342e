namespace TokenExchange.Cache;

/// <summary>All hop tokens alive in this process: bounded, shared by all servers and generations.</summary>
public sealed class ExchangeCache(ExchangeCacheSettings settings, TimeProvider clock)
{
    /// <summary>An exchanger that asks <paramref name="inner"/> only for what this cache does not hold.</summary>
    /// <param name="inner">The exchanger that issues.</param>
    /// <param name="partition">What else an entry depends on: authorization server, token endpoint and client.</param>
    public ITokenExchanger Wrap(ITokenExchanger inner, CachePartition partition) => throw new NotImplementedException($"{settings}{clock}{inner}{partition}");
}

/// <summary>The bounds of the cache.</summary>
/// <param name="Capacity">The most entries, negative ones included.</param>
/// <param name="MaxAge">The longest time that an entry is served.</param>
public sealed record ExchangeCacheSettings(int Capacity, TimeSpan MaxAge);

/// <summary>The fields of the cache key that do not change from request to request.</summary>
public sealed record CachePartition(string AuthorizationServer, string TokenEndpoint, string ClientId, string RequestedTokenType);
