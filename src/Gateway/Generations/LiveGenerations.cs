using System.Collections.Concurrent;
using System.Globalization;
using Gateway.Configuration.Options;
using Gateway.Forward;
using Gateway.Observe;
using Gateway.Observe.Traffic;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Generations;

/// <summary>The generation that is served, and the one place that swaps it.</summary>
internal sealed class LiveGenerations(GenerationBuilder builder, RuntimePool pool, OutboundClients clients, YarpRoutes yarp, GatewayMetrics metrics, TimeProvider clock, TrafficByServer? traffic = null)
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<long, Generation> known = new();
    private volatile GenerationsInUse? inUse;
    private long number;

    /// <summary>What is served. Throws before the first generation was applied.</summary>
    public Generation Current => inUse?.Current ?? throw new InvalidOperationException("No generation was applied.");

    /// <summary>When <see cref="Current"/> was applied.</summary>
    public DateTimeOffset AppliedAt { get; private set; }

    /// <summary>Builds a generation and serves it from now on; requests in flight finish on theirs. Throws what building throws, and then nothing has changed.</summary>
    public void Apply(GatewayOptions options)
    {
        lock (gate)
        {
            var next = Prepare(options);
            var previous = inUse?.Current;
            inUse = inUse?.Then(next) ?? GenerationsInUse.First(next);
            AppliedAt = clock.GetUtcNow();
            metrics.Generation(next.Number);
            if (previous is null)
            {
                metrics.Watch(() => Current.AuthorizationServers.Values);
            }
            else
            {
                known.TryRemove(previous.Number, out _);
                pool.Keep(inUse);
                clients.Keep(inUse);
                traffic?.Keep(next.Servers.Select(server => server.Id).ToHashSet(StringComparer.Ordinal));
            }
        }
    }

    /// <summary>A generation whose routes are there already: a request that starts over once it is served is sure to find one of its.</summary>
    private Generation Prepare(GatewayOptions options)
    {
        var coming = number + 1;
        try
        {
            var next = builder.Build(options, coming);

            // Before the routes, since a request may come on them at once: how old proofs might be until now counts for it.
            pool.TakeEffect();
            number = coming;
            known[coming] = next;
            foreach (var connection in next.AuthorizationServers.Values.Concat(next.Events.Values.Select(receiver => receiver.Validator.Transmitter)))
            {
                // Never throws for an outage; readiness tells when keys are there.
                _ = connection.StartAsync(CancellationToken.None);
            }

            yarp.Update(next.Routes, next.Clusters);
            builder.TakeEffect(next);
            return next;
        }
        catch
        {
            // Whatever was made for the generation that did not come about.
            known.TryRemove(coming, out _);
            pool.TakeBack();
            pool.Keep(inUse);
            throw;
        }
    }

    /// <summary>The server that a route was made for, of the route's own generation.</summary>
    public McpServer ServerOf(RouteConfig route)
    {
        var generation = known[long.Parse(route.Metadata!["generation"], CultureInfo.InvariantCulture)];
        return generation.Servers.First(server => server.Id == route.Metadata[YarpRecords.ServerMetadata]);
    }
}
