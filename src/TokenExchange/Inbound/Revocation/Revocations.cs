using System.Collections.Concurrent;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// What was revoked before its time, for the whole process and across reloads: sessions, and subjects up to a moment.
/// Asked for every request, also for tokens whose validation is remembered.
/// </summary>
/// <remarks>
/// Bounded, and never by forgetting: when the memory is full, the issuer's single revocations give way to one that
/// covers every token the issuer had issued by the latest of them. Clients then fetch fresh tokens; a revoked one stays out.
/// </remarks>
public sealed class Revocations
{
    private readonly ConcurrentDictionary<Key, Revoked> single = new();
    private readonly ConcurrentDictionary<string, Revoked> whole = new(StringComparer.Ordinal);
    private readonly Lock writing = new();
    private readonly TimeProvider clock;
    private readonly int capacity;

    // Asked for every request: a concurrent dictionary that is empty takes all of its locks to say so.
    private volatile bool any;

    /// <summary>No revocations yet; at most <paramref name="capacity"/> are told apart.</summary>
    public Revocations(TimeProvider clock, int capacity = 100_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (this.clock, this.capacity) = (clock, capacity);
        UsedTokens = new UsedTokens(clock);
    }

    private enum Kind
    {
        Session,
        Subject,
        SubjectWithoutSession,
    }

    /// <summary>How many revocations are told apart now.</summary>
    internal int Count => single.Count;

    /// <summary>The logout tokens used already.</summary>
    internal UsedTokens UsedTokens { get; }

    /// <summary>
    /// Revokes what a logout means: every token of its session, and of its subject those issued no later than the logout.
    /// With both, other sessions of the subject go on; tokens that name no session do not.
    /// </summary>
    /// <param name="issuer">The issuer.</param>
    /// <param name="logout">The logout, validated.</param>
    /// <param name="keepFor">How long tokens issued until now may live.</param>
    public void Revoke(string issuer, LogoutToken logout, TimeSpan keepFor)
    {
        ArgumentNullException.ThrowIfNull(logout);
        lock (writing)
        {
            any = true;
            var entry = new Revoked(logout.IssuedAt, clock.GetUtcNow() + keepFor);
            if (logout.Session is { } session)
            {
                Put(new(issuer, Kind.Session, session), entry);
            }

            if (logout.Subject is { } subject)
            {
                Put(new(issuer, logout.Session is null ? Kind.Subject : Kind.SubjectWithoutSession, subject), entry);
            }
        }
    }

    /// <summary>Whether a token is revoked. One that does not say when it was issued counts as issued before any logout.</summary>
    public bool IsRevoked(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (!any)
        {
            return false;
        }

        var session = token.Session;
        var now = clock.GetUtcNow();
        return (session is not null && single.TryGetValue(new(token.Issuer, Kind.Session, session), out var ofSession) && ofSession.Until > now)
            || (single.TryGetValue(new(token.Issuer, Kind.Subject, token.Subject), out var ofSubject) && ofSubject.Covers(token, now))
            || (session is null && single.TryGetValue(new(token.Issuer, Kind.SubjectWithoutSession, token.Subject), out var unnamed) && unnamed.Covers(token, now))
            || (whole.TryGetValue(token.Issuer, out var all) && all.Covers(token, now));
    }

    private void Put(Key key, Revoked entry)
    {
        if (single.Count >= capacity && !single.ContainsKey(key))
        {
            Sweep();
            if (single.Count >= capacity)
            {
                Collapse(key.Issuer, entry);
                return;
            }
        }

        single[key] = single.TryGetValue(key, out var known) ? known.And(entry) : entry;
    }

    private void Sweep()
    {
        var now = clock.GetUtcNow();
        foreach (var (key, entry) in single)
        {
            if (entry.Until <= now)
            {
                single.TryRemove(key, out _);
            }
        }

        foreach (var (issuer, entry) in whole)
        {
            if (entry.Until <= now)
            {
                whole.TryRemove(issuer, out _);
            }
        }
    }

    // The wide revocation first, then the single ones away: no request in between finds neither.
    private void Collapse(string issuer, Revoked entry)
    {
        var own = single.Where(pair => pair.Key.Issuer == issuer).ToArray();
        var all = own.Aggregate(entry, (sum, pair) => sum.And(pair.Value));
        whole[issuer] = whole.TryGetValue(issuer, out var known) ? known.And(all) : all;
        foreach (var (key, _) in own)
        {
            single.TryRemove(key, out _);
        }
    }

    private readonly record struct Key(string Issuer, Kind Kind, string Value);

    private sealed record Revoked(DateTimeOffset IssuedUntil, DateTimeOffset Until)
    {
        public Revoked And(Revoked other) => new(
            other.IssuedUntil > IssuedUntil ? other.IssuedUntil : IssuedUntil,
            other.Until > Until ? other.Until : Until);

        public bool Covers(ValidatedToken token, DateTimeOffset now) =>
            Until > now && !(token.IssuedAt > IssuedUntil.ToUnixTimeSeconds());
    }
}
