using TokenExchange;
using TokenExchange.Issue;

namespace Gateway.Configure;

/// <summary>
/// What outlives a generation: connections to authorization servers with their keys and breakers, and the local issuer's
/// key ring. Each is found again by equal settings.
/// </summary>
internal sealed class RuntimePool(TimeProvider clock, ILoggerFactory loggers) : IDisposable
{
    /// <summary>
    /// How long requests of an older generation may still use what no newer one does. Longer than any exchange takes, its
    /// retry included; a request that is slower still is refused as in an outage, never sent.
    /// </summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    private readonly Retirement<AuthorizationServerSettings, AuthorizationServer> servers = new(Grace, clock, settings => new AuthorizationServer(settings, clock, loggers));
    private readonly Retirement<LocalIssuerSettings, LocalIssuer> issuers = new(Grace, clock, settings => new LocalIssuer(settings, clock, loggers.CreateLogger<LocalIssuer>()));

    /// <summary>How many connections and issuers are alive, those in their grace included.</summary>
    internal int Count => servers.Count + issuers.Count;

    /// <summary>The connection for these settings; <paramref name="fresh"/> when it was made now.</summary>
    public AuthorizationServer Connect(AuthorizationServerSettings settings, out bool fresh) => servers.Get(settings, out fresh);

    /// <summary>The local issuer for these settings. Throws <see cref="LocalIssuerException"/> when it has no usable key.</summary>
    public LocalIssuer Issue(LocalIssuerSettings settings) => issuers.Get(settings, out _);

    /// <summary>Lets go, after a grace, of what <paramref name="current"/> does not use; of everything without one.</summary>
    public void Keep(Generation? current)
    {
        servers.Keep(server => current is not null && current.AuthorizationServers.Values.Contains(server));
        issuers.Keep(issuer => issuer == current?.LocalIssuer);
    }

    public void Dispose()
    {
        servers.Dispose();
        issuers.Dispose();
    }
}
