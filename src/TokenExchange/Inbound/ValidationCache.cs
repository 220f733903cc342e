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
    private volatile ConcurrentDictionary<TokenDigest, RememberedToken> young = new();
    private volatile ConcurrentDictionary<TokenDigest, RememberedToken> old = new();
    private int youngCount;

    public int Count => young.Count + old.Count;

    public RememberedToken? Find(TokenDigest digest)
    {
        if (young.TryGetValue(digest, out var entry))
        {
            return entry;
        }

        if (old.TryRemove(digest, out entry))
        {
            Add(digest, entry);
        }

        return entry;
    }

    public void Add(TokenDigest digest, RememberedToken entry)
    {
        if (half == 0)
        {
            return;
        }

        if (young.TryAdd(digest, entry))
        {
            if (Interlocked.Increment(ref youngCount) >= half)
            {
                Turn();
            }
        }
        else
        {
            young[digest] = entry;
        }
    }

    public void Remove(TokenDigest digest)
    {
        // A count that is too high only turns the halves early.
        young.TryRemove(digest, out _);
        old.TryRemove(digest, out _);
    }

    private void Turn()
    {
        lock (turning)
        {
            if (Volatile.Read(ref youngCount) >= half)
            {
                old = young;
                young = new();
                Volatile.Write(ref youngCount, 0);
            }
        }
    }
}
