using Gateway.Observe;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;

namespace Gateway.Revoke;

/// <summary>
/// The one place where something is revoked, whoever asked for it and wherever: it is put in force, what was exchanged for
/// its tokens is dropped, their open streams are broken off, in this order, so that nothing starts in between; then it is
/// told, and written down for all replicas. Whoever is told that it is done is told so after all of this.
/// </summary>
internal sealed class Revoker(Revocations revocations, IRevocationLog shared, ExchangeCache cache, OpenStreams streams, AuditLog audit, GatewayMetrics metrics, TimeProvider clock, RecentRevocations? recent = null)
{
    /// <summary>The name of this replica in audit events.</summary>
    private static readonly string Replica = $"{Environment.MachineName}/{Environment.ProcessId}";

    /// <summary>What revocations are made with.</summary>
    public Revocations Revocations => revocations;

    /// <summary>Revokes here at once, and everywhere once it is written; takes the id of the announcement, which is good once.</summary>
    public async ValueTask<WriteOutcome> RevokeAsync(IReadOnlyList<Revocation> wanted, UsedId? once = null)
    {
        var added = revocations.Add(wanted);
        return await TellAsync(wanted, added, await CarryOutAsync(added.New), once);
    }

    /// <summary>
    /// Revokes one token, everywhere once it is written, whose streams and hop tokens <paramref name="carryOut"/> finds without
    /// a look at all others': users choose how often that happens. It is called once, before this returns, and says how many
    /// streams it has ended and entries dropped.
    /// </summary>
    public ValueTask<WriteOutcome> RevokeAsync(Revocation token, Func<(int Ended, int Dropped)> carryOut)
    {
        var added = revocations.Add([token]);
        var (ended, dropped) = carryOut();
        return TellAsync([token], added, Record(added.New, [ended], [dropped]), null);
    }

    /// <summary>Revokes what was written by others; <paramref name="quietly"/> what this replica has slept through.</summary>
    public async ValueTask LearnAsync(IReadOnlyList<Revocation> written, bool quietly)
    {
        var added = revocations.Add(written);
        var told = await CarryOutAsync(added.New);
        var outcome = added.Collapsed.Count == 0 ? WriteOutcome.Written : await shared.WriteAsync(added.Collapsed, null, CancellationToken.None);
        await EndAsync(outcome, added, quietly ? [] : told);
    }

    private async ValueTask<WriteOutcome> TellAsync(IReadOnlyList<Revocation> wanted, RevocationsAdded added, RevocationRecord[] told, UsedId? once)
    {
        // Not given up when the caller leaves: it is in force here, and the others are to know.
        var outcome = await shared.WriteAsync([.. wanted, .. added.Collapsed], once, CancellationToken.None);
        await EndAsync(outcome, added, told);
        return outcome;
    }

    private async ValueTask EndAsync(WriteOutcome outcome, RevocationsAdded added, RevocationRecord[] told)
    {
        if (outcome != WriteOutcome.Unavailable)
        {
            shared.Remove(added.Gone);
        }

        foreach (var record in told)
        {
            await audit.WriteAsync(record);
        }
    }

    private async ValueTask<RevocationRecord[]> CarryOutAsync(List<Revocation> fresh)
    {
        if (fresh.Count == 0)
        {
            return [];
        }

        // In force already. What is remembered of all users is looked through: not on a thread that others' sockets wait for.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var match = revocations.Match(fresh);
        var dropped = cache.Forget(match, fresh.Count);
        var ended = new int[fresh.Count];
        streams.End(trace =>
        {
            var index = match.IndexOf(trace);
            if (index >= 0)
            {
                ended[index]++;
            }

            return index >= 0;
        });
        return Record(fresh, ended, dropped);
    }

    private RevocationRecord[] Record(List<Revocation> fresh, int[] ended, int[] dropped)
    {
        // Taking one back is an event as well, but revokes nothing.
        foreach (var revocation in fresh.Where(revocation => revocation.Selector != RevocationSelector.Undo))
        {
            metrics.Revoked(revocation.Source);
        }

        var now = clock.GetUtcNow();
        RevocationRecord[] records = [.. fresh.Select((revocation, i) => new RevocationRecord(
            now, revocation, revocations.Keys.LabelOf(revocation.IssuerOf(revocations.Keys)), ended[i], dropped[i], Replica))];
        recent?.Add(records);
        return records;
    }
}
