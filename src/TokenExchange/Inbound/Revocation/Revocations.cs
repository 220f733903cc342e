using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// What was revoked before its time, for the whole process and across reloads. Asked for every request, also for tokens
/// whose validation is remembered; a token that was found clear is asked about again only when something was revoked since.
/// </summary>
/// <remarks>
/// Bounded, and never by forgetting: when an issuer has as many as are told apart, its single revocations give way to one
/// that covers every token that it had issued by the latest of them. Clients then fetch fresh tokens; a revoked one stays out.
/// Those that hit a token whenever it was issued, as of a session that has ended, stay beside it, up to half of that number:
/// of more, the ones that end first are given up, and what is issued later in such a session is accepted again.
/// </remarks>
public sealed class Revocations
{
    // Of the whole process: what was clear of one memory is not clear of another.
    private static long versions;

    private readonly Lock writing = new();
    private readonly Dictionary<ulong, Revocation> entries = [];
    private readonly Dictionary<string, int> counts = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, Revocation> undone = [];
    private readonly TimeProvider clock;
    private readonly int capacity;
    private volatile RevocationIndex index;
    private volatile bool any;
    private long sweptAt = long.MinValue;
    private long version = Interlocked.Increment(ref versions);

    /// <summary>No revocations yet; at most <paramref name="capacity"/> of each issuer are told apart.</summary>
    public Revocations(TimeProvider clock, int capacity = 100_000, RevocationKeys? keys = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (this.clock, this.capacity) = (clock, capacity);
        index = new(keys ?? RevocationKeys.ForThisProcess());
    }

    /// <summary>The keys that new revocations are made with.</summary>
    public RevocationKeys Keys => index.Keys;

    /// <summary>How long ago others were last heard of; null where nothing is shared.</summary>
    public StateFreshness? Freshness { get; init; }

    /// <summary>How many revocations are told apart now.</summary>
    public int Count
    {
        get
        {
            lock (writing)
            {
                return entries.Count;
            }
        }
    }

    /// <summary>
    /// What a logout means: every token of its session, and of its subject those issued no later than the logout. With
    /// both, other sessions of the subject go on; tokens that name no session do not.
    /// </summary>
    /// <param name="issuer">The issuer.</param>
    /// <param name="logout">The logout, validated.</param>
    /// <param name="keepFor">How long tokens issued until then may live.</param>
    public IReadOnlyList<Revocation> Of(string issuer, LogoutToken logout, TimeSpan keepFor)
    {
        ArgumentNullException.ThrowIfNull(logout);
        var keys = Keys;
        var all = new List<Revocation>(2);
        if (logout.Session is { } session)
        {
            all.Add(Revocation.Of(keys, RevocationSelector.Session, issuer, session, logout.IssuedAt, keepFor, RevocationSource.BackchannelLogout, anyTime: true));
        }

        if (logout.Subject is { } subject)
        {
            var selector = logout.Session is null ? RevocationSelector.Subject : RevocationSelector.SubjectWithoutSession;
            all.Add(Revocation.Of(keys, selector, issuer, subject, logout.IssuedAt, keepFor, RevocationSource.BackchannelLogout));
        }

        return all;
    }

    /// <summary>Puts revocations in force. Those that are not yet known are returned with what took the place of others, in this order.</summary>
    public RevocationsAdded Add(IReadOnlyList<Revocation> revocations)
    {
        ArgumentNullException.ThrowIfNull(revocations);
        var added = new RevocationsAdded([], [], []);
        lock (writing)
        {
            var now = Now;
            foreach (var revocation in revocations)
            {
                if (revocation.Selector == RevocationSelector.Undo)
                {
                    Undo(revocation, added);
                }
                else if (undone.ContainsKey(revocation.Id))
                {
                    added.Gone.Add(revocation);
                }
                else if (revocation.UntilSeconds > now)
                {
                    Put(revocation, added);
                }
            }

            if (added.New.Count > 0)
            {
                any = true;
                Volatile.Write(ref version, Interlocked.Increment(ref versions));
            }
        }

        return added;
    }

    /// <summary>Whether a token is revoked. One that does not say when it was issued counts as issued before any revocation.</summary>
    public bool IsRevoked(ValidatedToken token) => Find(token) is not null;

    /// <summary>Why a token that is sound in itself is not accepted; null when it is.</summary>
    public TokenRefusal? RefusalOf(ValidatedToken token) =>
        Find(token) ?? (Freshness is { IsStale: true } ? TokenRefusal.StateUnavailable : null);

    /// <summary>Tells which of these hits a token.</summary>
    public RevocationMatch Match(IReadOnlyList<Revocation> revocations) => new(Keys, revocations);

    /// <summary>All that is in force, and what was taken back.</summary>
    public IReadOnlyList<Revocation> All()
    {
        lock (writing)
        {
            return [.. entries.Values, .. undone.Values];
        }
    }

    /// <summary>Whether it says something that is not said already by what else is in force.</summary>
    public bool Needs(Revocation revocation)
    {
        ArgumentNullException.ThrowIfNull(revocation);
        lock (writing)
        {
            return revocation.UntilSeconds > Now && (entries.ContainsKey(revocation.Id) || undone.ContainsKey(revocation.Undone));
        }
    }

    /// <summary>
    /// Goes on with other keys. A revocation that was sealed with another key than the first is sealed anew, and returned
    /// to be written down; one whose name no key can find holds for all tokens of its issuer issued until then.
    /// </summary>
    public IReadOnlyList<Revocation> UseKeys(RevocationKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        lock (writing)
        {
            var before = index.Keys;
            var sealedAnew = new List<Revocation>();
            foreach (var known in new[] { entries, undone })
            {
                foreach (var (id, revocation) in known.ToArray())
                {
                    if (revocation.SealKey != keys.IdOf(0) && RevocationKeys.IsKnown(revocation.IssuerOf(before)))
                    {
                        known[id] = revocation.Under(keys, before);
                        sealedAnew.Add(known[id]);
                    }
                }
            }

            Rebuild(keys);
            Volatile.Write(ref version, Interlocked.Increment(ref versions));
            return sealedAnew;
        }
    }

    /// <summary>Forgets what is over, and returns it.</summary>
    public IReadOnlyList<Revocation> Sweep()
    {
        lock (writing)
        {
            var now = Now;
            var over = new List<Revocation>();
            foreach (var known in new[] { entries, undone })
            {
                foreach (var (id, revocation) in known.Where(pair => pair.Value.UntilSeconds <= now).ToArray())
                {
                    known.Remove(id);
                    over.Add(revocation);
                }
            }

            if (over.Count > 0)
            {
                Rebuild(index.Keys);
            }

            return over;
        }
    }

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    private TokenRefusal? Find(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (!any)
        {
            return null;
        }

        // Read before anything is looked up: what is revoked meanwhile has another one.
        var seen = Volatile.Read(ref version);
        if (token.ClearAsOf == seen)
        {
            return null;
        }

        var found = index.Find(token, Now);
        if (found is null)
        {
            token.ClearAsOf = seen;
        }

        return found;
    }

    private void Put(Revocation revocation, RevocationsAdded added)
    {
        var issuer = revocation.IssuerOf(index.Keys);
        if (entries.ContainsKey(revocation.Id))
        {
            return;
        }

        if (revocation.Selector != RevocationSelector.Issuer && !HitsLaterOnes(revocation) && index.Covers(issuer, revocation))
        {
            added.Gone.Add(revocation);
            return;
        }

        if (revocation.Selector != RevocationSelector.Issuer && counts.GetValueOrDefault(issuer) >= capacity)
        {
            SweepNow(added);
            if (counts.GetValueOrDefault(issuer) >= capacity)
            {
                if (revocation.Selector == RevocationSelector.Token)
                {
                    // Its authorization server says the same to whoever asks.
                    return;
                }

                Collapse(issuer, revocation, added);
                if (!HitsLaterOnes(revocation) || counts.GetValueOrDefault(issuer) >= capacity)
                {
                    if (index.Covers(issuer, revocation))
                    {
                        added.Gone.Add(revocation);
                    }

                    return;
                }
            }
        }

        entries[revocation.Id] = revocation;
        counts[issuer] = counts.GetValueOrDefault(issuer) + 1;
        index.Add(revocation);
        added.New.Add(revocation);
        if (revocation.Selector == RevocationSelector.Issuer)
        {
            GiveWay(issuer, revocation.Id, added);
        }
    }

    private void SweepNow(RevocationsAdded added)
    {
        var now = Now;
        if (now == sweptAt)
        {
            // What ends, ends with a second, and a full memory is asked for room over and over.
            return;
        }

        sweptAt = now;
        foreach (var (id, revocation) in entries.Where(pair => pair.Value.UntilSeconds <= now).ToArray())
        {
            entries.Remove(id);
            added.Gone.Add(revocation);
        }

        if (added.Gone.Count > 0)
        {
            Rebuild(index.Keys);
        }
    }

    // The wide revocation first, then the single ones away: no request in between finds neither.
    private void Collapse(string issuer, Revocation last, RevocationsAdded added)
    {
        var (issuedUntil, until) = (last.IssuedUntilSeconds, last.UntilSeconds);
        foreach (var own in entries.Values.Where(entry => entry.IssuerOf(index.Keys) == issuer))
        {
            (issuedUntil, until) = (Math.Max(issuedUntil, own.IssuedUntilSeconds), Math.Max(until, own.UntilSeconds));
        }

        if (!RevocationKeys.IsKnown(issuer))
        {
            return;
        }

        var from = DateTimeOffset.FromUnixTimeSeconds(issuedUntil);
        var all = Revocation.Of(index.Keys, RevocationSelector.Issuer, issuer, "", from, DateTimeOffset.FromUnixTimeSeconds(until) - from, RevocationSource.Limit);
        added.Collapsed.Add(all);
        Put(all, added);
    }

    private void GiveWay(string issuer, ulong wide, RevocationsAdded added)
    {
        var covered = entries.Values.Where(entry => entry.Id != wide && entry.IssuerOf(index.Keys) == issuer && index.Covers(issuer, entry)).ToLookup(HitsLaterOnes);
        Revocation[] given = [.. covered[false], .. covered[true].OrderByDescending(entry => entry.UntilSeconds).ThenBy(entry => entry.Id).Skip(capacity / 2)];
        foreach (var own in given)
        {
            entries.Remove(own.Id);
            added.Gone.Add(own);
        }

        if (given.Length > 0)
        {
            // Made anew: what one name is revoked by may be covered in part.
            Rebuild(index.Keys);
        }
    }

    // A wide one says nothing of tokens issued later. One token has one time of issue, and nothing of it comes later.
    private static bool HitsLaterOnes(Revocation revocation) =>
        revocation is { AnyTime: true, Selector: not (RevocationSelector.Issuer or RevocationSelector.Token or RevocationSelector.TokenId) };

    private void Undo(Revocation undo, RevocationsAdded added)
    {
        // One that took the place of many stands for what others decided, which nothing else remembers.
        if (undo.UntilSeconds <= Now || (entries.TryGetValue(undo.Undone, out var known) && known.Source == RevocationSource.Limit) || !undone.TryAdd(undo.Undone, undo))
        {
            return;
        }

        added.New.Add(undo);
        if (entries.Remove(undo.Undone, out var original))
        {
            added.Gone.Add(original);
            Rebuild(index.Keys);
        }
    }

    private void Rebuild(RevocationKeys keys)
    {
        var next = new RevocationIndex(keys);
        counts.Clear();
        foreach (var revocation in entries.Values)
        {
            next.Add(revocation);
            var issuer = revocation.IssuerOf(keys);
            counts[issuer] = counts.GetValueOrDefault(issuer) + 1;
        }

        index = next;
    }
}

/// <summary>What came of putting revocations in force.</summary>
/// <param name="New">What was not known before and is in force now, wide ones that took the place of single ones included.</param>
/// <param name="Collapsed">The wide ones that were made here.</param>
/// <param name="Gone">What need not be written down any longer: the single ones that a wide one stands for, what was over, and what was taken back.</param>
public sealed record RevocationsAdded(List<Revocation> New, List<Revocation> Collapsed, List<Revocation> Gone);
