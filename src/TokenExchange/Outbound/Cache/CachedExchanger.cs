using TokenExchange.Jose;

namespace TokenExchange.Outbound.Cache;

/// <summary>
/// Stands before an exchanger and answers, in this order: from the cache; from an exchange on its way; from an exchange
/// of its own, which others may join.
/// </summary>
internal sealed class CachedExchanger(ExchangeCache cache, ITokenExchanger inner, CachePartition partition) : ITokenExchanger
{
    private readonly CacheKeys keys = new(partition);
    private readonly RequestCounter counter = new(partition.AuthorizationServer);

    public ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Call is not null)
        {
            // For one call alone: another's, of the same token for the same server, is not the same.
            return MakeAsync(request, cancellationToken);
        }

        var key = keys.Of(request);
        var now = cache.Clock.GetUtcNow();
        if (cache.Find(key, request, now) is { } entry)
        {
            entry.CountHit();
            if (entry.TryClaimRefresh(now))
            {
                cache.RefreshBehind(key, entry, request, inner);
            }

            return new(counter.Count(entry.Answer));
        }

        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<ExchangeResult>(cancellationToken)
            : new(FlyAsync(key, request, cancellationToken));
    }

    public void Forget(TokenExchangeRequest request, OutboundToken refused)
    {
        ArgumentNullException.ThrowIfNull(request);
        cache.Forget(keys.Of(request), refused);
    }

    private async ValueTask<ExchangeResult> MakeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        await SignatureThreads.Switch();
        return counter.Count(await inner.ExchangeAsync(request, cancellationToken));
    }

    private async Task<ExchangeResult> FlyAsync(CacheKey key, TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        await SignatureThreads.Switch();
        var flight = cache.Board(key, request, inner, out var joined);
        var outcome = await cache.WaitAsync(flight, cancellationToken);
        if (joined && outcome is ExchangeResult.Issued issued)
        {
            outcome = issued with { Origin = ExchangeOrigin.Joined };
        }

        return counter.Count(outcome);
    }
}
