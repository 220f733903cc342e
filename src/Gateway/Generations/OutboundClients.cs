using System.Diagnostics;
using Gateway.Forward;
using Gateway.Observe;
using TokenExchange.Issuers;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Generations;

/// <summary>
/// Keeps the connections to a server across generations as long as its client settings stay the same, and closes them
/// when no generation and no request needs them any more. YARP would make a new handler for every cluster, and never
/// dispose the old one.
/// </summary>
internal sealed class OutboundClients(TimeProvider clock, DistributedContextPropagator propagator) : ForwarderHttpClientFactory, IForwarderHttpClientFactory, IDisposable
{
    private readonly Retirement<ClientSettings, HttpMessageInvoker> clients =
        new(RuntimePool.Grace, clock, static (generation, settings, _) => Uses(generation, settings));

    /// <summary>How many handlers are alive, those in their grace included.</summary>
    internal int Count => clients.Count;

    HttpMessageInvoker IForwarderHttpClientFactory.CreateClient(ForwarderHttpClientContext context) =>
        clients.Get(SettingsOf(context.NewMetadata, context.NewConfig), _ => CreateClient(context));

    /// <summary>Lets go, after a grace, of what the current generation does not use.</summary>
    public void Keep(GenerationsInUse inUse) => clients.Keep(inUse);

    public void Dispose() => clients.Dispose();

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        OutboundBody.AskAtWriting(handler);

        // Where nobody records spans, none are made: the last gate sees to the trace context (TraceContext.Complete).
        handler.ActivityHeadersPropagator = Telemetry.Source.HasListeners() ? propagator : null;

        // DNS of a Kubernetes service changes under a long-lived connection.
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy();
        handler.PlaintextStreamFilter = ReadInTurns;
        UnixSockets.Connect(handler, context.NewMetadata?.ContainsKey(YarpRecords.SocketsMetadata) == true);
    }

    /// <summary>A <see cref="SocketsHttpHandler.PlaintextStreamFilter"/>: every connection to an MCP server is read in turns.</summary>
    internal static ValueTask<Stream> ReadInTurns(SocketsHttpPlaintextStreamFilterContext connection, CancellationToken cancellationToken) =>
        new(new FairStream(connection.PlaintextStream));

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        new OutboundBody(base.WrapHandler(context, YarpRecords.TlsOf(context.NewMetadata) is { } files ? new OutboundTls(files, clock, () => Another(context, handler)) : handler));

    /// <summary>A handler with the settings of the one that YARP made, and TLS of its own.</summary>
    private SocketsHttpHandler Another(ForwarderHttpClientContext context, HttpMessageHandler made)
    {
        var like = (SocketsHttpHandler)made;
        var handler = new SocketsHttpHandler
        {
            UseProxy = like.UseProxy,
            AllowAutoRedirect = like.AllowAutoRedirect,
            AutomaticDecompression = like.AutomaticDecompression,
            UseCookies = like.UseCookies,
            EnableMultipleHttp2Connections = like.EnableMultipleHttp2Connections,
        };
        ConfigureHandler(context, handler);
        return handler;
    }

    private static bool Uses(Generation generation, ClientSettings settings) =>
        generation.Clusters.Any(cluster => SettingsOf(cluster.Metadata, cluster.HttpClient!) == settings);

    private static ClientSettings SettingsOf(IReadOnlyDictionary<string, string>? metadata, HttpClientConfig config) =>
        new(metadata![YarpRecords.ServerMetadata], config, YarpRecords.TlsOf(metadata), metadata.ContainsKey(YarpRecords.SocketsMetadata));

    private sealed record ClientSettings(string Server, HttpClientConfig Config, TlsFiles? Tls, bool OnSockets);
}
