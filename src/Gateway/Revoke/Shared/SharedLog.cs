using System.Collections.Concurrent;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Revoke.Shared;

/// <summary>The log that all replicas share. What cannot be written now is kept, and written when it can be.</summary>
internal sealed class SharedLog(RedisState state, TimeProvider clock, ILogger<SharedLog> log) : IRevocationLog
{
    private const int AtOnce = 500;

    /// <summary>By how much an entry must be over by this replica's clock alone, where the server does not tell the time by its own.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<ulong, Revocation> pending = new();
    private readonly ConcurrentDictionary<ulong, Revocation> unconfirmed = new();
    private readonly ConcurrentQueue<byte[]> gone = new();
    private volatile SharedNames names = new([]);

    /// <summary>How many are yet to be written.</summary>
    public int Pending => pending.Count;

    /// <summary>Under what names ids are taken from now on.</summary>
    public void Use(SharedNames current) => names = current;

    public async ValueTask<WriteOutcome> WriteAsync(IReadOnlyList<Revocation> revocations, UsedId? once, CancellationToken cancellationToken)
    {
        try
        {
            var append = state.AppendAsync(
                [.. revocations.Select(revocation => revocation.Bytes)],
                once is { } id ? names.Of(id) : [],
                once is { } until ? SharedNames.KeepFor(until, clock.GetUtcNow()) : TimeSpan.Zero);
            var fresh = await append;
            foreach (var revocation in revocations)
            {
                unconfirmed[revocation.Id] = revocation;
            }

            return fresh ? WriteOutcome.Written : WriteOutcome.Seen;
        }
        catch (StateException failure)
        {
            log.NotWritten(revocations.Count, failure.Message);
            WriteLater(revocations);
            return WriteOutcome.Unavailable;
        }
    }

    /// <summary>What was written by now and not found there yet.</summary>
    public IReadOnlyList<Revocation> Unconfirmed => [.. unconfirmed.Values];

    /// <summary>
    /// Holds what was written before a look against what looks have found by then: what is not there is written again, unless it is
    /// sealed by none of <paramref name="keys"/>, and found by no look.
    /// </summary>
    public void Confirm(IReadOnlyList<Revocation> written, IEnumerable<Revocation> found, RevocationKeys keys)
    {
        if (written.Count == 0)
        {
            return;
        }

        var there = found.Select(revocation => revocation.Id).ToHashSet();
        foreach (var revocation in written)
        {
            unconfirmed.TryRemove(revocation.Id, out _);
            if (!there.Contains(revocation.Id) && Revocation.Read(revocation.Bytes, keys) is not null)
            {
                pending[revocation.Id] = revocation;
            }
        }
    }

    public void WriteLater(IEnumerable<Revocation> revocations)
    {
        foreach (var revocation in revocations)
        {
            pending[revocation.Id] = revocation;
        }
    }

    public void Remove(IReadOnlyList<Revocation> revocations) => Remove(revocations.Select(revocation => revocation.Bytes));

    /// <summary>These entries need not be there any longer.</summary>
    public void Remove(IEnumerable<byte[]> entries)
    {
        foreach (var entry in entries)
        {
            gone.Enqueue(entry);
        }
    }

    /// <summary>Writes what could not be written before, and takes out what is over. Throws <see cref="StateException"/>.</summary>
    public async Task CatchUpAsync(Predicate<Revocation> isNeeded)
    {
        foreach (var batch in pending.ToArray().Chunk(AtOnce))
        {
            var needed = batch.Select(pair => pair.Value).Where(revocation => isNeeded(revocation)).ToArray();
            if (needed.Length > 0)
            {
                await state.AppendAsync([.. needed.Select(revocation => revocation.Bytes)], [], TimeSpan.Zero);
            }

            foreach (var revocation in needed)
            {
                unconfirmed[revocation.Id] = revocation;
            }

            foreach (var written in batch)
            {
                pending.TryRemove(written);
            }
        }

        var over = new List<byte[]>();
        while (over.Count < AtOnce && gone.TryDequeue(out var entry))
        {
            over.Add(entry);
        }

        if (over.Exists(IsOver))
        {
            // This clock may be ahead, and what is over by it be in force for all others. What is left finds who reads everything anew.
            var time = await state.TimeAsync() ?? clock.GetUtcNow() - Margin;
            over.RemoveAll(entry => IsOver(entry) && Revocation.ClaimedEnd(entry) > time);
        }

        if (over.Count > 0)
        {
            // Once: who else holds it takes it out, too.
            await state.RemoveAsync(over);
        }
    }

    private bool IsOver(byte[] entry) => Revocation.ClaimedEnd(entry) <= clock.GetUtcNow();
}

internal static partial class SharedLogEvents
{
    [LoggerMessage(1121, LogLevel.Error, "{Count} revocations are in force here and could not be written to the shared state yet: {Reason}", EventName = "RevocationNotWritten")]
    public static partial void NotWritten(this ILogger logger, int count, string reason);
}
