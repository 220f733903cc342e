using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// The ids of logout tokens used already, until such a token would be stale anyway. Bounded: when full, the ids that end
/// soonest go first, because refusing a logout would be worse than hearing it twice.
/// </summary>
internal sealed class UsedTokens(TimeProvider clock, int capacity = 20_000)
{
    private readonly Lock gate = new();
    private readonly HashSet<TokenDigest> used = [];
    private readonly PriorityQueue<TokenDigest, DateTimeOffset> ends = new();

    public int Count => used.Count;

    /// <summary>Notes an id; false when it was noted before.</summary>
    public bool TryUse(string issuer, string id, DateTimeOffset until)
    {
        // Both lengths are part of it: no two pairs are written alike.
        var digest = TokenDigest.Of($"{issuer.Length}:{issuer}{id}");
        lock (gate)
        {
            var now = clock.GetUtcNow();
            while (ends.TryPeek(out var oldest, out var end) && (end <= now || used.Count >= capacity))
            {
                ends.Dequeue();
                used.Remove(oldest);
            }

            if (!used.Add(digest))
            {
                return false;
            }

            ends.Enqueue(digest, until);
            return true;
        }
    }
}
