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
    private readonly HashSet<TokenDigest> used = [];
    private readonly PriorityQueue<TokenDigest, DateTimeOffset> ends = new();

    internal int Count => used.Count;

    /// <summary>What stands for an id of an issuer; no two pairs are written alike.</summary>
    internal static TokenDigest DigestOf(string issuer, string id) => TokenDigest.Of($"{issuer.Length}:{issuer}{id}");

    /// <inheritdoc/>
    public ValueTask<IdUse> TryTakeAsync(UsedId id, CancellationToken cancellationToken) => new(TryUse(id.Id, id.Until) ? IdUse.Taken : IdUse.Seen);

    internal bool TryUse(string issuer, string id, DateTimeOffset until) => TryUse(DigestOf(issuer, id), until);

    /// <summary>Notes an id; false when it was noted before.</summary>
    internal bool TryUse(TokenDigest digest, DateTimeOffset until)
    {
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
