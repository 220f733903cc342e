using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// The ids of logout tokens and security events used already in this process, until such a token would be stale anyway.
/// Bounded: when full, the ids that end soonest go first, because refusing a logout would be worse than hearing it twice.
/// </summary>
public sealed class UsedTokens(TimeProvider clock, int capacity = 20_000) : IUsedIds
{
    private readonly Lock gate = new();
    private readonly HashSet<(string Purpose, TokenDigest Id)> used = [];
    private readonly PriorityQueue<(string Purpose, TokenDigest Id), DateTimeOffset> ends = new();

    internal int Count
    {
        get
        {
            lock (gate)
            {
                return used.Count;
            }
        }
    }

    /// <summary>What stands for an id of an issuer; no two pairs are written alike.</summary>
    internal static TokenDigest DigestOf(string issuer, string id) => TokenDigest.Of($"{issuer.Length}:{issuer}{id}");

    /// <inheritdoc/>
    public ValueTask<IdUse> TryTakeAsync(UsedId id, CancellationToken cancellationToken) => new(TryTake((id.Purpose, id.Id), id.Until));

    private IdUse TryTake((string Purpose, TokenDigest Id) id, DateTimeOffset until)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            while (ends.TryPeek(out var oldest, out var end) && (end <= now || used.Count >= capacity))
            {
                ends.Dequeue();
                used.Remove(oldest);
            }

            // Of one that is over nobody knows any more whether it was taken.
            if (until <= now || !used.Add(id))
            {
                return IdUse.Seen;
            }

            ends.Enqueue(id, until);
            return IdUse.Taken;
        }
    }
}
