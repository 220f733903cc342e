namespace TokenExchange.Issuers;

/// <summary>
/// Who asks a server for tokens with a nonce of its: as many as come, beside each other, until one of them has to ask alone. That
/// one waits for those who ask already, and while it asks, or others wait to do so, nobody begins beside it.
/// </summary>
internal sealed class NonceTurns : IDisposable
{
    private readonly SemaphoreSlim turn = new(1);
    private readonly Lock gate = new();
    private int besides;
    private long visits;
    private TaskCompletionSource? left;

    /// <summary>Whether one may ask beside others; when one may, <see cref="LeaveOthers"/> is owed.</summary>
    /// <param name="visit">What <see cref="EnterAloneAsync"/> is told afterwards.</param>
    public bool TryEnterBesideOthers(out long? visit)
    {
        lock (gate)
        {
            if (turn.CurrentCount == 0)
            {
                visit = null;
                return false;
            }

            visits++;
            visit = besides++ == 0 ? visits : null;
            return true;
        }
    }

    public void LeaveOthers()
    {
        TaskCompletionSource? all;
        lock (gate)
        {
            all = --besides == 0 ? left : null;
        }

        all?.TrySetResult();
    }

    /// <summary>Waits until nobody else asks. Disposing of it lets the next one ask.</summary>
    /// <param name="visit">That of the same one before; null without.</param>
    /// <param name="cancellationToken">Gives the wait up.</param>
    public async Task<Turn> EnterAloneAsync(long? visit, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            Task others;
            bool isFollowed;
            lock (gate)
            {
                isFollowed = visit != visits++;
                left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                others = besides == 0 ? Task.CompletedTask : left.Task;
            }

            await others.WaitAsync(cancellationToken);
            return new Turn(turn, isFollowed);
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    /// <summary>Nobody asks any more.</summary>
    public void Dispose() => turn.Dispose();

    /// <summary>Of who asks alone.</summary>
    public readonly struct Turn(SemaphoreSlim turn, bool others) : IDisposable
    {
        /// <summary>Whether others may have asked since the visit before, or there was none.</summary>
        public bool OthersAsked => others;

        public void Dispose() => turn.Release();
    }
}
