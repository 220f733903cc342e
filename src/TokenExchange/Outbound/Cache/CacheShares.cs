namespace TokenExchange.Outbound.Cache;

/// <summary>An entry's neighbours in one ring.</summary>
internal struct CacheLinks
{
    public CacheEntry? Next;
    public CacheEntry? Previous;
}

/// <summary>
/// Entries that compete with each other, in a ring with a hand (the CLOCK algorithm): the hand passes over an entry that
/// was used since its last visit, once, and takes the first that was not. Every operation is O(1), eviction amortised.
/// </summary>
internal abstract class CacheShare
{
    private const int MostSteps = 64;
    private CacheEntry? hand;

    public int Count { get; private set; }

    public void Add(CacheEntry entry)
    {
        ref var links = ref LinksOf(entry);
        if (hand is null)
        {
            hand = links.Next = links.Previous = entry;
        }
        else
        {
            // Right behind the hand: the last to be visited.
            links.Next = hand;
            links.Previous = LinksOf(hand).Previous;
            LinksOf(links.Previous!).Next = entry;
            LinksOf(hand).Previous = entry;
        }

        Count++;
    }

    public void Remove(CacheEntry entry)
    {
        ref var links = ref LinksOf(entry);
        if (ReferenceEquals(links.Next, entry))
        {
            hand = null;
        }
        else
        {
            LinksOf(links.Previous!).Next = links.Next;
            LinksOf(links.Next!).Previous = links.Previous;
            hand = ReferenceEquals(hand, entry) ? links.Next : hand;
        }

        links = default;
        Count--;
    }

    /// <summary>The entry to give up; null when there is none.</summary>
    public CacheEntry? Victim(DateTimeOffset now)
    {
        for (var step = 0; hand is not null && step < MostSteps && hand.IsLive(now) && hand.TakeUsed(); step++)
        {
            hand = LinksOf(hand).Next;
        }

        return hand;
    }

    public CacheEntry? First => hand;

    protected abstract ref CacheLinks LinksOf(CacheEntry entry);
}

/// <summary>The entries of one issuer.</summary>
internal sealed class IssuerShare(string issuer) : CacheShare
{
    public string Issuer => issuer;

    public Dictionary<string, SubjectShare> Subjects { get; } = new(StringComparer.Ordinal);

    protected override ref CacheLinks LinksOf(CacheEntry entry) => ref entry.InIssuer;
}

/// <summary>The entries of one subject of one issuer.</summary>
internal sealed class SubjectShare(IssuerShare issuer, string subject) : CacheShare
{
    public IssuerShare Issuer => issuer;

    public string Subject => subject;

    protected override ref CacheLinks LinksOf(CacheEntry entry) => ref entry.InSubject;
}
