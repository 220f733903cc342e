using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Revoke.Shared;

/// <summary>What came of writing revocations down.</summary>
internal enum WriteOutcome
{
    Written,

    /// <summary>The id that comes with them was used before; they may have been written again.</summary>
    Seen,

    /// <summary>Not written, or not known to be; that will be made up for.</summary>
    Unavailable,
}

/// <summary>Where revocations are written down, for all who are to know of them.</summary>
internal interface IRevocationLog
{
    /// <summary>Writes revocations that are in force here already, and takes the id of whoever announced them, in one step. Throws for cancellation alone.</summary>
    ValueTask<WriteOutcome> WriteAsync(IReadOnlyList<Revocation> revocations, UsedId? once, CancellationToken cancellationToken);

    /// <summary>These need not be written down any longer.</summary>
    void Remove(IReadOnlyList<Revocation> revocations);
}

/// <summary>The log of one process: there is nobody else to know of anything.</summary>
internal sealed class ProcessLog(UsedTokens used) : IRevocationLog
{
    public async ValueTask<WriteOutcome> WriteAsync(IReadOnlyList<Revocation> revocations, UsedId? once, CancellationToken cancellationToken) =>
        once is { } id && await used.TryTakeAsync(id, cancellationToken) != IdUse.Taken ? WriteOutcome.Seen : WriteOutcome.Written;

    public void Remove(IReadOnlyList<Revocation> revocations)
    {
        // Nothing was written.
    }
}
