using System.Collections.Concurrent;

namespace TokenExchange.Outbound.Cache;

/// <summary>
/// The entries, bounded thrice. Reading takes no lock. A subject holds at most a small part of the whole and then
/// displaces its own entries; once the whole is full, the issuer with the most entries gives one up, so that every issuer
/// keeps up to its even share. Nobody can flush anybody else by asking for many tokens.
/// </summary>
internal sealed class CacheStore(int capacity)
{
    private readonly ConcurrentDictionary<StoredKey, CacheEntry> entries = new(StoredKeyComparer.Instance);
    private readonly Dictionary<string, IssuerShare> issuers = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private int count;

    /// <summary>The most entries of one subject: a 64th of the whole, yet enough for a user of some dozen servers.</summary>
    public int SubjectCapacity { get; } = Math.Max(1, Math.Max(capacity / 64, Math.Min(32, capacity / 2)));

    public int Count => Volatile.Read(ref count);

    private ConcurrentDictionary<StoredKey, CacheEntry>.AlternateLookup<CacheKey> ByKey => entries.GetAlternateLookup<CacheKey>();

    public IEnumerable<CacheEntry> Entries => entries.Select(pair => pair.Value);

    public CacheEntry? Find(in CacheKey key, DateTimeOffset now) =>
        ByKey.TryGetValue(key, out var entry) && entry.IsLive(now) ? entry : null;

    public void Put(CacheEntry entry, string issuer, string subject, DateTimeOffset now)
    {
        lock (gate)
        {
            if (entries.TryGetValue(entry.Stored, out var replaced))
            {
                entry.Inherit(replaced);
                Unlink(replaced);
            }

            MakeRoom(issuer, subject, now);
            var share = ShareOf(issuer, subject);
            entry.Subject = share;
            share.Add(entry);
            share.Issuer.Add(entry);
            // Overwritten in place, so that a reader at no moment misses what was there all the time.
            entries[entry.Stored] = entry;
            count++;
        }
    }

    /// <summary>Removes what is held under the key, if <paramref name="condition"/> agrees.</summary>
    public void Remove(in CacheKey key, Predicate<CacheEntry>? condition = null)
    {
        lock (gate)
        {
            if (ByKey.TryGetValue(key, out var entry) && condition?.Invoke(entry) != false)
            {
                Drop(entry);
            }
        }
    }

    public int RemoveSubject(string issuer, string subject)
    {
        var removed = 0;
        lock (gate)
        {
            while (issuers.TryGetValue(issuer, out var ofIssuer) && ofIssuer.Subjects.TryGetValue(subject, out var share))
            {
                Drop(share.First!);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Removes every entry that <paramref name="condition"/> names; looks at all of them.</summary>
    public void RemoveWhere(Predicate<CacheEntry> condition)
    {
        foreach (var entry in Entries)
        {
            if (condition(entry))
            {
                Remove(entry.Key, present => ReferenceEquals(present, entry));
            }
        }
    }

    private void MakeRoom(string issuer, string subject, DateTimeOffset now)
    {
        if (issuers.TryGetValue(issuer, out var own) && own.Subjects.TryGetValue(subject, out var share) && share.Count >= SubjectCapacity)
        {
            Drop(share.Victim(now)!);
        }

        while (count >= capacity)
        {
            Drop(issuers.Values.MaxBy(other => other.Count)!.Victim(now)!);
        }
    }

    private SubjectShare ShareOf(string issuer, string subject)
    {
        if (!issuers.TryGetValue(issuer, out var ofIssuer))
        {
            issuers.Add(issuer, ofIssuer = new IssuerShare(issuer));
        }

        if (!ofIssuer.Subjects.TryGetValue(subject, out var share))
        {
            ofIssuer.Subjects.Add(subject, share = new SubjectShare(ofIssuer, subject));
        }

        return share;
    }

    private void Drop(CacheEntry entry)
    {
        entries.TryRemove(entry.Stored, out _);
        Unlink(entry);
    }

    private void Unlink(CacheEntry entry)
    {
        var share = entry.Subject!;
        share.Remove(entry);
        share.Issuer.Remove(entry);
        count--;
        if (share.Count == 0)
        {
            share.Issuer.Subjects.Remove(share.Subject);
            if (share.Issuer.Count == 0)
            {
                issuers.Remove(share.Issuer.Issuer);
            }
        }
    }
}
