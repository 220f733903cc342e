using TokenExchange;
using TokenExchange.Issue;

namespace Gateway.Configure;

/// <summary>
/// What outlives a generation: connections to authorization servers with their keys and breakers, and the local issuer's
/// key ring. Each is found again by equal settings and let go of when no generation uses it any more.
/// </summary>
internal sealed class RuntimePool(TimeProvider clock, ILoggerFactory loggers) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<AuthorizationServerSettings, AuthorizationServer> servers = [];
    private readonly Dictionary<LocalIssuerSettings, LocalIssuer> issuers = [];

    /// <summary>The connection for these settings; <paramref name="fresh"/> when it was made now.</summary>
    public AuthorizationServer Connect(AuthorizationServerSettings settings, out bool fresh)
    {
        lock (gate)
        {
            fresh = !servers.TryGetValue(settings, out var server);
            return server ?? (servers[settings] = new AuthorizationServer(settings, clock, loggers));
        }
    }

    /// <summary>The local issuer for these settings. Throws <see cref="LocalIssuerException"/> when it has no usable key.</summary>
    public LocalIssuer Issue(LocalIssuerSettings settings)
    {
        lock (gate)
        {
            return issuers.TryGetValue(settings, out var issuer) ? issuer : issuers[settings] = new LocalIssuer(settings, clock, loggers.CreateLogger<LocalIssuer>());
        }
    }

    /// <summary>
    /// Lets go of what <paramref name="current"/> does not use. Requests of an older generation that still wait for an
    /// exchange see its connection closed as an outage: refused, never sent.
    /// </summary>
    public void Keep(Generation current)
    {
        lock (gate)
        {
            foreach (var (settings, server) in servers.Where(entry => !current.AuthorizationServers.Values.Contains(entry.Value)).ToArray())
            {
                servers.Remove(settings);
                server.Dispose();
            }

            foreach (var (settings, issuer) in issuers.Where(entry => entry.Value != current.LocalIssuer).ToArray())
            {
                issuers.Remove(settings);
                issuer.Dispose();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (var server in servers.Values)
            {
                server.Dispose();
            }

            foreach (var issuer in issuers.Values)
            {
                issuer.Dispose();
            }

            servers.Clear();
            issuers.Clear();
        }
    }
}
