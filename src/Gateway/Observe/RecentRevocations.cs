using System.Collections.Immutable;

namespace Gateway.Observe;

/// <summary>The last revocations that were carried out here, as the audit has them: nobody is named.</summary>
internal sealed class RecentRevocations(int capacity = 20)
{
    private readonly Lock gate = new();
    private readonly Queue<RevocationRecord> last = new(capacity);

    public void Add(ReadOnlySpan<RevocationRecord> records)
    {
        lock (gate)
        {
            foreach (var record in records[Math.Max(0, records.Length - capacity)..])
            {
                if (last.Count == capacity)
                {
                    last.Dequeue();
                }

                last.Enqueue(record);
            }
        }
    }

    /// <summary>Newest first.</summary>
    public ImmutableArray<RevocationRecord> Newest()
    {
        lock (gate)
        {
            return [.. last.Reverse()];
        }
    }
}
