namespace TokenExchange.Verify;

/// <summary>
/// Guards a fetch: one at a time, which everybody who needs it waits for, and on demand at most one per interval,
/// counted from the last attempt whether or not it succeeded. Whoever can make up key ids cannot make us fetch.
/// </summary>
internal sealed class FetchGate(TimeProvider clock, Func<Task<bool>> fetch)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private Task<bool>? running;
    private long? lastAttempt;

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
            if (running is null && lastAttempt is { } last && clock.GetElapsedTime(last) < Interval)
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
            try
            {
                return await fetch();
            }
            catch
            {
                return false;
            }
            finally
            {
                lock (gate)
                {
                    running = null;
                }
            }
        });
    }
}
