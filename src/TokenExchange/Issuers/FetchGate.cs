namespace TokenExchange.Issuers;

/// <summary>
/// Guards a fetch: one at a time, which everybody who needs it waits for, and on demand at most one per interval,
/// counted from the last attempt whether or not it succeeded. Whoever can make up key ids cannot make us fetch.
/// <paramref name="fetch"/> says whether it succeeded, and reports its own failures: here they are only counted.
/// </summary>
internal sealed class FetchGate(TimeProvider clock, FetchPause pause, Func<Task<bool>> fetch)
{
    private readonly Lock gate = new();
    private Task<bool>? running;
    private long? lastAttempt;
    private int failures;

    /// <summary>The fetch under way, else a completed task.</summary>
    public Task Running
    {
        get
        {
            lock (gate)
            {
                return running ?? Task.CompletedTask;
            }
        }
    }

    /// <summary>The fetch under way or a new one; null when the interval forbids it.</summary>
    public Task<bool>? OnDemand()
    {
        lock (gate)
        {
            if (running is null && lastAttempt is { } last && clock.GetElapsedTime(last) < pause.After(failures))
            {
                return null;
            }

            return running ?? Start();
        }
    }

    /// <summary>The fetch under way or a new one, whatever the interval says: for fetches by the clock.</summary>
    public Task<bool> Scheduled()
    {
        lock (gate)
        {
            return running ?? Start();
        }
    }

    private Task<bool> Start()
    {
        lastAttempt = clock.GetTimestamp();
        return running = Task.Run(async () =>
        {
            var succeeded = false;
            try
            {
                return succeeded = await fetch();
            }
            finally
            {
                lock (gate)
                {
                    failures = succeeded ? 0 : failures + 1;
                    running = null;
                }
            }
        });
    }
}

/// <summary>How long to wait between two attempts: after each failure in a row twice as long, from <paramref name="First"/> to <paramref name="Longest"/>.</summary>
internal readonly record struct FetchPause(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The pause after so many failures in a row; after a success it is the longest.</summary>
    public TimeSpan After(int failures)
    {
        var pause = failures > 0 ? First : Longest;
        for (var failed = 1; failed < failures && pause < Longest; failed++)
        {
            pause *= 2;
        }

        return pause < Longest ? pause : Longest;
    }
}
