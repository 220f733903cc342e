namespace Gateway.Bridge;

/// <summary>All processes of the bridge: at most so many at once, and none of them left when it stops.</summary>
internal sealed class Children(BridgeSettings settings, ChildWatch watch, ILogger<Children> logger, TimeProvider clock) : IHostedLifecycleService, IDisposable
{
    /// <summary>How long a start waits for one that is just ending.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly HashSet<Child> living = [];
    private readonly SemaphoreSlim places = new(settings.MaxProcesses);
    private bool stopping;

    /// <summary>
    /// Starts a process. The refusal when there are too many, or when it cannot be started, for whatever reason.
    /// </summary>
    public async ValueTask<(Child? Child, BridgeRefusal? Refusal)> StartAsync(IReceiver receiver, CancellationToken cancellation)
    {
        if (!await TakePlaceAsync(cancellation))
        {
            return (null, BridgeRefusal.Full);
        }

        Child? child = null;
        try
        {
            lock (gate)
            {
                if (stopping)
                {
                    return (null, BridgeRefusal.Full);
                }

                child = new Child(settings.Command, watch, logger, clock, receiver);
                living.Add(child);
            }

            child.Over.Register(() => _ = LeaveAsync(child));
            return (child, null);
        }
        catch (Exception error)
        {
            logger.ChildNotStarted(error.Message);
            return (null, BridgeRefusal.NotStarted);
        }
        finally
        {
            if (child is null)
            {
                places.Release();
            }
        }
    }

    /// <summary>Ends all of them, side by side.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        Child[] all;
        lock (gate)
        {
            stopping = true;
            all = [.. living];
        }

        await Task.WhenAll(all.Select(child => child.EndAsync()));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => places.Dispose();

    private async ValueTask<bool> TakePlaceAsync(CancellationToken cancellation)
    {
        if (places.Wait(0, CancellationToken.None))
        {
            return true;
        }

        lock (gate)
        {
            if (!living.Any(child => child.IsEnding))
            {
                return false;
            }
        }

        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            await places.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task LeaveAsync(Child child)
    {
        try
        {
            await child.EndAsync();
        }
        finally
        {
            lock (gate)
            {
                living.Remove(child);
            }

            child.Dispose();
            places.Release();
        }
    }
}
