using Gateway.Observe;
using Gateway.Revoke;

namespace Gateway;

/// <summary>
/// Stops without failing anybody: readiness fails first, requests are still taken for the drain delay, then streams are
/// closed in time for clients to resume elsewhere, and what is in flight finishes.
/// </summary>
internal sealed class Drain(IHostApplicationLifetime lifetime, Health health, OpenStreams streams, TimeSpan delay, TimeProvider clock) : IHostedLifecycleService
{
    /// <summary>How long requests in flight may still take after the drain delay.</summary>
    public static readonly TimeSpan FinishTime = TimeSpan.FromSeconds(20);

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
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
