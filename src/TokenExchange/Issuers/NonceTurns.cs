namespace TokenExchange.Issuers;

/// <summary>
/// Who asks a server for tokens with a nonce of its: as many as come, beside each other, until one of them has to ask alone. That
/// one waits for those who ask already, and while it asks, or others wait to do so, nobody begins beside it. Once its nonce turns
/// out to be good for more than one request, those who wait ask beside each other again.
/// </summary>
internal sealed class NonceTurns
{
    private readonly Lock gate = new();
    private readonly LinkedList<Waiter> waiting = [];
    private bool isTaken;
    private int besides;
    private long visits;
    private TaskCompletionSource? left;

    /// <summary>A turn beside others; null when one has to wait.</summary>
    public Turn? EnterBesideOthers()
    {
        lock (gate)
        {
            if (isTaken)
            {
                return null;
            }

            visits++;
            return new Turn(this) { Visit = besides++ == 0 ? visits : null };
        }
    }

    /// <summary>Waits until nobody else asks or, unless <paramref name="only"/> alone will do, until others find that one may ask beside them.</summary>
    /// <param name="visit">That of the turn before; null without.</param>
    /// <param name="only">Whether it has to be alone.</param>
    /// <param name="cancellationToken">Gives the wait up.</param>
    public async Task<Turn> EnterAloneAsync(long? visit, bool only, CancellationToken cancellationToken)
    {
        var waiter = Wait(only);
        try
        {
            var turn = await waiter.Task.WaitAsync(cancellationToken);
            if (turn.IsAlone)
            {
                await OthersLeftAsync(turn, visit).WaitAsync(cancellationToken);
            }

            return turn;
        }
        catch
        {
            GiveUp(waiter);
            throw;
        }
    }

    private Waiter Wait(bool only)
    {
        var waiter = new Waiter(only);
        lock (gate)
        {
            if (isTaken)
            {
                waiting.AddLast(waiter);
            }
            else
            {
                isTaken = true;
                waiter.SetResult(new Turn(this) { IsAlone = true });
            }
        }

        return waiter;
    }

    private Task OthersLeftAsync(Turn turn, long? visit)
    {
        lock (gate)
        {
            turn.OthersAsked = visit != visits++;
            left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return besides == 0 ? Task.CompletedTask : left.Task;
        }
    }

    private void GiveUp(Waiter waiter)
    {
        lock (gate)
        {
            if (waiting.Remove(waiter))
            {
                return;
            }
        }

        waiter.Task.Result.Dispose();
    }

    private void Leave(Turn turn)
    {
        lock (gate)
        {
            if (!turn.IsAlone)
            {
                if (--besides == 0)
                {
                    left?.TrySetResult();
                }

                return;
            }

            if (turn.NonceIsGoodForMany)
            {
                LetGo();
            }

            isTaken = waiting.First is not null;
            if (waiting.First is { } next)
            {
                waiting.RemoveFirst();
                next.Value.SetResult(new Turn(this) { IsAlone = true });
            }
        }
    }

    private void LetGo()
    {
        foreach (var waiter in waiting.Where(waiter => !waiter.Only).ToList())
        {
            // Counted at once: whoever asks alone next waits for it.
            (besides, visits) = (besides + 1, visits + 1);
            waiting.Remove(waiter);
            waiter.SetResult(new Turn(this));
        }
    }

    /// <summary>Disposing of it is leaving.</summary>
    public sealed class Turn(NonceTurns turns) : IDisposable
    {
        /// <summary>Whether nobody else asks meanwhile.</summary>
        public bool IsAlone { get; init; }

        /// <summary>What <see cref="EnterAloneAsync"/> is told afterwards.</summary>
        public long? Visit { get; init; }

        /// <summary>Of one alone: whether others may have asked since the visit before, or there was none.</summary>
        public bool OthersAsked { get; set; }

        /// <summary>Said by one alone, of the nonce that it has used.</summary>
        public bool NonceIsGoodForMany { get; set; }

        public void Dispose() => turns.Leave(this);
    }

    private sealed class Waiter(bool only) : TaskCompletionSource<Turn>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public bool Only => only;
    }
}
