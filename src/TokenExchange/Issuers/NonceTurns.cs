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
    private TaskCompletionSource? left;

    /// <summary>Whether one may ask beside others; when one may, <see cref="LeaveOthers"/> is owed.</summary>
    public bool TryEnterBesideOthers()
    {
        lock (gate)
        {
            var isFree = turn.CurrentCount > 0;
            besides += isFree ? 1 : 0;
            return isFree;
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
    public async Task<Turn> EnterAloneAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            Task others;
            lock (gate)
            {
                left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                others = besides == 0 ? Task.CompletedTask : left.Task;
            }

            await others.WaitAsync(cancellationToken);
            return new Turn(turn);
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
    public readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
