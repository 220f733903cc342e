using Gateway.Revoke;

namespace Gateway.Lifecycle;

/// <summary>
/// Stops without failing anybody: readiness fails first, requests are still taken for the drain delay, then streams are
/// ended in order and in time for clients to resume elsewhere, and what is in flight finishes.
/// </summary>
internal sealed class Drain(IHostApplicationLifetime lifetime, Health health, OpenStreams streams, TimeSpan delay, TimeProvider clock) : IHostedLifecycleService
{
    /// <summary>How long requests in flight may still take after the drain delay.</summary>
    public static readonly TimeSpan FinishTime = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);
    private ITimer? lastCall;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(health.Drain);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        health.Drain();
        await Task.Delay(delay, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        streams.EndListening();

        // Whatever still runs then would be broken off a moment later, when the host's patience ends.
        lastCall = clock.CreateTimer(_ => streams.EndAll(), null, FinishTime - LastMoment, Timeout.InfiniteTimeSpan);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        lastCall?.Dispose();
        return Task.CompletedTask;
    }
}
