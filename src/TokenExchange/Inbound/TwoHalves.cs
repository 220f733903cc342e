using System.Collections.Concurrent;

namespace TokenExchange.Inbound;

/// <summary>
/// A memory bounded in two halves: new entries go into the young half; when that is full, or has been filled for
/// <see cref="Period"/>, it becomes the old one, and the old one is dropped. Whoever finds an entry in the old half takes it out
/// and puts it in again, so that what is used stays, and what nobody uses any more makes room although there is more.
/// </summary>
internal sealed class TwoHalves<TKey, TValue>(int capacity, IEqualityComparer<TKey> comparer, TimeProvider clock)
    where TKey : notnull
{
    /// <summary>For how long at least an entry stays that is not used, while others come. Most access tokens are not good for much longer.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(5);

    private readonly Lock turning = new();
    private readonly int half = capacity / 2;
    private volatile ConcurrentDictionary<TKey, TValue> young = new(comparer);
    private volatile ConcurrentDictionary<TKey, TValue> old = new(comparer);
    private int youngCount;
    private long begun = clock.GetTimestamp();

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
        else if (Interlocked.Increment(ref youngCount) >= half || IsOver)
        {
            Turn();
        }
    }

    private bool IsOver => clock.GetElapsedTime(Volatile.Read(ref begun)) >= Period;

    private void Turn()
    {
        lock (turning)
        {
            // Entries that were removed were counted, and a count that is too high only turns the halves early.
            if (Volatile.Read(ref youngCount) >= half || IsOver)
            {
                old = young;
                young = new(comparer);
                Volatile.Write(ref youngCount, 0);
                Volatile.Write(ref begun, clock.GetTimestamp());
            }
        }
    }
}
