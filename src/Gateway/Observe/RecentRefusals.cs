using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Gateway.Observe;

/// <summary>The last refusals, newest first: a ring that is written without a lock, for the management page.</summary>
internal sealed class RecentRefusals(int capacity = 100)
{
    private readonly Entry?[] _ring = new Entry?[capacity];
    private long _next;

    /// <summary>Remembers a refused request; anything else is ignored.</summary>
    public void Add(RequestRecord record, in Credentials credentials = default)
    {
        if (record.Reason is null)
        {
            return;
        }

        ImmutableArray<string>? presented = null;
        if (record.PresentedAudience is { } audiences)
        {
            var told = new string[Math.Min(audiences.Length, AuditEvent.MaxItems)];
            for (var i = 0; i < told.Length; i++)
            {
                told[i] = ((ForeignText)audiences[i]).Without(credentials)!;
            }

            presented = ImmutableCollectionsMarshal.AsImmutableArray(told);
        }

        var number = Interlocked.Increment(ref _next) - 1;
        Volatile.Write(
            ref _ring[number % capacity],
            new Entry(number, record.Time, record.RequestId, record.Server, record.Status, record.Reason, record.Detail, presented, record.Resource));
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
