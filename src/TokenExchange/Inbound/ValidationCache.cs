using System.Collections.Concurrent;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// Remembers accepted tokens by their digest, so that a token in use is not verified again for every request. Refusals
/// are never remembered, and an entry is only a shortcut: whoever takes it checks again what time and keys may have changed.
/// </summary>
/// <remarks>
/// Two halves bound the memory: new entries go into the young half; when that is full it becomes the old one, and the
/// old one is dropped. What is used moves back into the young half.
/// </remarks>
internal sealed class ValidationCache(int capacity)
{
    private readonly Lock turning = new();
    private readonly int half = capacity / 2;
    private volatile ConcurrentDictionary<RememberedToken, RememberedToken> young = Empty();
    private volatile ConcurrentDictionary<RememberedToken, RememberedToken> old = Empty();
    private int youngCount;

    public int Count => young.Count + old.Count;

    public RememberedToken? Find(TokenDigest digest)
    {
        if (young.GetAlternateLookup<TokenDigest>().TryGetValue(digest, out var entry))
        {
            return entry;
        }

        if (old.GetAlternateLookup<TokenDigest>().TryRemove(digest, out _, out entry))
        {
            Add(entry);
        }

        return entry;
    }

    public void Add(RememberedToken entry)
    {
        if (half == 0)
        {
            return;
        }

        if (young.TryAdd(entry, entry))
        {
            if (Interlocked.Increment(ref youngCount) >= half)
            {
                Turn();
            }
        }
        else
        {
            young[entry] = entry;
        }
    }

    public void Remove(TokenDigest digest)
    {
        // A count that is too high only turns the halves early.
        young.GetAlternateLookup<TokenDigest>().TryRemove(digest, out _);
        old.GetAlternateLookup<TokenDigest>().TryRemove(digest, out _);
    }

    private static ConcurrentDictionary<RememberedToken, RememberedToken> Empty() => new(ByDigest.Instance);

    private void Turn()
    {
        lock (turning)
        {
            if (Volatile.Read(ref youngCount) >= half)
            {
                old = young;
                young = Empty();
                Volatile.Write(ref youngCount, 0);
            }
        }
    }

    /// <summary>Found by the digest that each holds anyway: many are alive, and a copy of it for the dictionary would be a fourth of them.</summary>
    private sealed class ByDigest : IEqualityComparer<RememberedToken>, IAlternateEqualityComparer<TokenDigest, RememberedToken>
    {
        public static readonly ByDigest Instance = new();

        public bool Equals(RememberedToken? x, RememberedToken? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.Digest == y.Digest);

        public int GetHashCode(RememberedToken obj) => obj.Digest.GetHashCode();

        public bool Equals(TokenDigest alternate, RememberedToken other) => alternate == other.Digest;

        public int GetHashCode(TokenDigest alternate) => alternate.GetHashCode();

        public RememberedToken Create(TokenDigest alternate) => throw new NotSupportedException("A digest alone is no token.");
    }
}
