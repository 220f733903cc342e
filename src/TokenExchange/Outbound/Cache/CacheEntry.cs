using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;

namespace TokenExchange.Outbound.Cache;

/// <summary>
/// One remembered outcome. It holds the answer ready to be returned, and of the inbound token its key and what a revocation may find it by; links
/// and shares belong to <see cref="CacheStore"/> and change under its lock alone.
/// </summary>
internal sealed class CacheEntry(CacheKey key, ExchangeResult answer, string server, RememberedToken origin, DateTimeOffset servedUntil, DateTimeOffset refreshFrom)
{
    private const long Used = 1, Hit = 2;

    private readonly ExchangeDigest exchange = key.Exchange;
    private readonly long servedUntil = servedUntil.UtcTicks;
    private long refreshFrom = refreshFrom.UtcTicks;

    // How often it answered, times two, and whether it did since the hand last passed: one word, since many entries are alive.
    private long use;

    public CacheKey Key => Stored.Key;

    /// <summary>The key, without a digest of its own.</summary>
    public StoredKey Stored => new(origin, exchange);

    /// <summary>What a hit returns; made once, so that a hit allocates nothing.</summary>
    public ExchangeResult Answer => answer;

    /// <summary>The gateway's server that the entry is for.</summary>
    public string Server => server;

    /// <summary>What is remembered of the inbound token.</summary>
    public RememberedToken Origin => origin;

    /// <summary>What a revocation finds the entry by.</summary>
    public TokenFacts Facts => new(Subject!.Issuer.Issuer, Subject.Subject, origin.Terms.ClientId, origin.TokenId, origin.Session, origin.IssuedAt, origin.Digest);

    public DateTimeOffset ServedUntil => new(servedUntil, TimeSpan.Zero);

    public long Hits => Volatile.Read(ref use) / Hit;

    public bool IsRefusal => answer is not ExchangeResult.Issued;

    internal CacheLinks InIssuer;
    internal CacheLinks InSubject;
    internal SubjectShare? Subject;

    /// <summary>
    /// Whether the entry may answer now: within its time, and signed by a key that is still published. A refusal that would last longer than any
    /// does was made before the clock was set back.
    /// </summary>
    public bool IsLive(DateTimeOffset now) =>
        now.UtcTicks < servedUntil && (answer is ExchangeResult.Issued issued ? issued.Token.Signer is not { IsRetired: true } : servedUntil - now.UtcTicks <= EntryLifetime.LongestRefusal.Ticks);

    public void CountHit()
    {
        if ((Interlocked.Add(ref use, Hit) & Used) == 0)
        {
            Interlocked.Or(ref use, Used);
        }
    }

    /// <summary>Whether the entry was used since it was last asked; asking takes the mark off.</summary>
    public bool TakeUsed() => (Interlocked.And(ref use, ~Used) & Used) != 0;

    /// <summary>True for one caller alone, once the last part of the entry's life has begun.</summary>
    public bool TryClaimRefresh(DateTimeOffset now)
    {
        var from = Volatile.Read(ref refreshFrom);
        return from <= now.UtcTicks && Interlocked.CompareExchange(ref refreshFrom, long.MaxValue, from) == from;
    }

    /// <summary>After a refresh that brought nothing: the next one comes when half of what is left has passed, a second at least.</summary>
    public void RefreshLater(DateTimeOffset now)
    {
        var pause = Math.Max(TimeSpan.TicksPerSecond, (servedUntil - now.UtcTicks) / 2);
        Volatile.Write(ref refreshFrom, now.UtcTicks + pause);
    }

    /// <summary>The hits of the entry that this one replaces count on.</summary>
    public void Inherit(CacheEntry replaced) => use = replaced.Hits * Hit;
}
