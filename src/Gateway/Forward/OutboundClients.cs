using System.Collections.Concurrent;
using System.Diagnostics;
using Gateway.Observe;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Forward;

/// <summary>
/// Keeps the connections to a server across generations as long as its client settings stay the same. YARP would make a
/// new handler for every cluster, and never dispose the old one.
/// </summary>
internal sealed class OutboundClients(DistributedContextPropagator propagator) : ForwarderHttpClientFactory, IForwarderHttpClientFactory
{
    private readonly ConcurrentDictionary<(string Server, HttpClientConfig Config), HttpMessageInvoker> clients = new();

    HttpMessageInvoker IForwarderHttpClientFactory.CreateClient(ForwarderHttpClientContext context) =>
        clients.GetOrAdd((context.NewMetadata![YarpRecords.ServerMetadata], context.NewConfig), static (_, state) => state.Factory.Create(state.Context), (Factory: this, Context: context));

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);

        // Where nobody records spans, none are made: the client's own trace context goes on as it came (W3C Trace Context §4.3).
        handler.ActivityHeadersPropagator = Telemetry.Source.HasListeners() ? propagator : null;

        // DNS of a Kubernetes service changes under a long-lived connection.
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
    }

    private HttpMessageInvoker Create(ForwarderHttpClientContext context) => CreateClient(context);
}
