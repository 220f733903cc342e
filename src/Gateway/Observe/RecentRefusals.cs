using System.Collections.Immutable;

namespace Gateway.Observe;

/// <summary>The last refusals, newest first: a ring that is written without a lock, for the management page.</summary>
internal sealed class RecentRefusals(int capacity = 100)
{
    private readonly Entry?[] _ring = new Entry?[capacity];
    private long _next;

    /// <summary>Remembers a refused request; anything else is ignored.</summary>
    public void Add(RequestRecord record)
    {
        if (record.Allowed)
        {
            return;
        }

        var number = Interlocked.Increment(ref _next) - 1;
        Volatile.Write(
            ref _ring[number % capacity],
            new Entry(number, record.Time, record.RequestId, record.Server, record.Status, record.Reason, record.Detail, record.PresentedAudience, record.Resource));
    }

    /// <summary>What is remembered, newest first.</summary>
    public ImmutableArray<Entry> Newest() =>
        [.. Enumerable.Range(0, capacity).Select(i => Volatile.Read(ref _ring[i])).OfType<Entry>().OrderByDescending(entry => entry.Number)];

    /// <summary>A refusal; <paramref name="Accepted"/> is the audience that would have been right, null outside of any server.</summary>
    internal sealed record Entry(
        long Number,
        DateTimeOffset Time,
        string RequestId,
        string? Server,
        int Status,
        string? Reason,
        string? Detail,
        ImmutableArray<string>? Presented,
        string? Accepted);
}
