using System.ComponentModel;

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
    /// Starts a process. The refusal when there are too many, or when the system refuses.
    /// </summary>
    public async ValueTask<(Child? Child, BridgeRefusal? Refusal)> StartAsync(Func<Child, Message, ValueTask> received, CancellationToken cancellation)
    {
        if (!await TakePlaceAsync(cancellation))
        {
            return (null, BridgeRefusal.Full);
        }

        try
        {
            lock (gate)
            {
                ObjectDisposedException.ThrowIf(stopping, this);
                var child = new Child(settings.Command, watch, logger, clock, received);
                living.Add(child);
                child.Over.Register(() => _ = LeaveAsync(child));
                return (child, null);
            }
        }
        catch (Exception error) when (error is Win32Exception or ObjectDisposedException)
        {
            places.Release();
            logger.ChildNotStarted(error.Message);
            return (null, error is Win32Exception ? BridgeRefusal.NotStarted : BridgeRefusal.Full);
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
            if (!living.Any(child => child.Over.IsCancellationRequested))
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
        await child.EndAsync();
        lock (gate)
        {
            living.Remove(child);
        }

        child.Dispose();
        places.Release();
    }
}
