using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace TokenExchange.AspNetCore;

/// <summary>A scheme that was added, so that its keys are fetched at start.</summary>
internal sealed record HopTokenScheme(string Name);

/// <summary>
/// What lives as long as the application: for each scheme the issuer's keys, the validator and the memory of used ids. Options
/// that cannot be used end the start.
/// </summary>
internal sealed class HopTokenServers(IOptionsMonitor<HopTokenOptions> options, IEnumerable<HopTokenScheme> schemes, ILoggerFactory loggers) : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<HopTokenServer>> servers = new(StringComparer.Ordinal);

    public HopTokenServer Of(string scheme) =>
        servers.GetOrAdd(scheme, static (name, all) => new Lazy<HopTokenServer>(() => new HopTokenServer(name, all.options.Get(name), all.loggers)), (options, loggers)).Value;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var scheme in schemes)
        {
            // Not waited for: an issuer that starts later holds up nobody, and the first request waits for the fetch under way.
            _ = Of(scheme.Name).Keys.StartAsync(CancellationToken.None);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var server in servers.Values.Where(server => server.IsValueCreated))
        {
            server.Value.Dispose();
        }
    }
}
