using System.Collections.Concurrent;

namespace TokenExchange.Inbound;

/// <summary>
/// A memory bounded in two halves: new entries go into the young half; when that is full it becomes the old one, and the
/// old one is dropped. Whoever finds an entry in the old half takes it out and puts it in again, so that what is used stays.
/// </summary>
internal sealed class TwoHalves<TKey, TValue>(int capacity, IEqualityComparer<TKey> comparer)
    where TKey : notnull
{
    private readonly Lock turning = new();
    private readonly int half = capacity / 2;
    private volatile ConcurrentDictionary<TKey, TValue> young = new(comparer);
    private volatile ConcurrentDictionary<TKey, TValue> old = new(comparer);
    private int youngCount;

    public ConcurrentDictionary<TKey, TValue> Young => young;

    public ConcurrentDictionary<TKey, TValue> Old => old;

    public int Count => young.Count + old.Count;

    /// <summary>Remembers the entry in place of one with the same key; nothing, where there is no room for two.</summary>
    public void Put(TKey key, TValue value)
    {
        if (half == 0)
        {
            return;
        }

        if (!young.TryAdd(key, value))
        {
            young[key] = value;
        }
        else if (Interlocked.Increment(ref youngCount) >= half)
        {
            Turn();
        }
    }

    private void Turn()
    {
        lock (turning)
        {
            // Entries that were removed were counted, and a count that is too high only turns the halves early.
            if (Volatile.Read(ref youngCount) >= half)
            {
                old = young;
                young = new(comparer);
                Volatile.Write(ref youngCount, 0);
            }
        }
    }
}
