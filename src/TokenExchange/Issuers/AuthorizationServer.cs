using Microsoft.Extensions.Logging;

namespace TokenExchange.Issuers;

/// <summary>
/// One authorization server at run time: its pooled connections, its metadata and its keys. Lives as long as its settings
/// stay the same, whatever else a reload changes.
/// </summary>
public sealed class AuthorizationServer : IDisposable
{
    /// <summary>Nothing is fetched before something is needed, or <see cref="StartAsync"/> is called.</summary>
    public AuthorizationServer(AuthorizationServerSettings settings, TimeProvider clock, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Settings = settings;
        Clock = clock;
        Http = BackChannel.Create();
        Metadata = new IssuerMetadataSource(settings, Http, clock, loggers.CreateLogger<IssuerMetadataSource>());
        Endpoints = new BackChannelEndpoints(settings, Metadata, clock);
        Keys = new IssuerKeys(settings, Metadata, Http, clock, loggers.CreateLogger<IssuerKeys>());
        Relay = settings.SignsIn ? new TokenRelay(settings, Metadata, clock) : null;
    }

    /// <summary>The settings that this connection was made for.</summary>
    public AuthorizationServerSettings Settings { get; }

    /// <summary>The keys that the server signs with.</summary>
    public IssuerKeys Keys { get; }

    /// <summary>Passes on token requests of public clients; null unless <see cref="AuthorizationServerSettings.SignsIn"/>.</summary>
    public TokenRelay? Relay { get; }

    internal IssuerMetadataSource Metadata { get; }

    internal BackChannelEndpoints Endpoints { get; }

    internal HttpMessageInvoker Http { get; }

    internal TimeProvider Clock { get; }

    /// <summary>Fetches the keys for the first time and keeps them fresh until disposal; never throws for an outage.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Keys.StartAsync(cancellationToken);

    /// <summary>The server's metadata, fetched once and then remembered; null when it cannot be had, or names another issuer.</summary>
    /// <remarks>RFC 8414 §3; OpenID Connect Discovery 1.0 §4.</remarks>
    public ValueTask<IssuerMetadata?> DiscoverAsync(CancellationToken cancellationToken) => Metadata.GetAsync(cancellationToken);

    /// <summary>Why the metadata could not be had or used the last time it was asked for; null when it could, or was not needed yet.</summary>
    public IssuerProblem? MetadataProblem => Metadata.Problem;

    /// <summary>The outage of the token endpoint, as of the last exchange; null when it answered, whatever it said, or was not asked yet.</summary>
    public EndpointOutage? TokenOutage => Endpoints.TokenOutage;

    /// <summary>The outage of the introspection endpoint, as of the last token; null when it answered, or was not asked yet.</summary>
    /// <remarks>RFC 7662.</remarks>
    public EndpointOutage? IntrospectionOutage => Endpoints.IntrospectionOutage;

    /// <inheritdoc/>
    public void Dispose()
    {
        Keys.Dispose();
        Endpoints.Dispose();
        Relay?.Dispose();
        Http.Dispose();
    }
}
