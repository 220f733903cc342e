using Gateway.Authorize.Policy;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Sender;

namespace Gateway.Generations;

/// <summary>
/// What outlives a generation: connections to authorization servers with their keys and breakers, the local issuer's key
/// ring, the keys that tokens are bound to, and which proofs were used. Each is found again by equal settings.
/// </summary>
internal sealed class RuntimePool(TimeProvider clock, ILoggerFactory loggers, RedisState? shared = null) : IDisposable
{
    /// <summary>
    /// How long what the current generation does not use is kept at least: longer than any exchange takes that nobody waits
    /// for any more. What requests in flight use is kept until they have ended, however long that is.
    /// </summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    private readonly Retirement<AuthorizationServerSettings, AuthorizationServer> servers =
        new(Grace, clock, static (generation, _, server) => generation.AuthorizationServers.Values.Contains(server) || generation.Events.Values.Any(receiver => receiver.Validator.Transmitter == server));

    private readonly Retirement<LocalIssuerSettings, LocalIssuer> issuers =
        new(Grace, clock, static (generation, _, issuer) => generation.LocalIssuer == issuer);

    private readonly Retirement<SenderSettings, SenderKeys> senders =
        new(Grace, clock, static (generation, _, sender) => generation.Sender == sender);

    private readonly Retirement<DecisionPointSettings, DecisionPoint> points =
        new(Grace, clock, static (generation, _, point) => generation.DecisionPoints.Contains(point));

    private readonly Dictionary<(string Resource, string Purpose), ReplayMemory> replays = [];
    private readonly Dictionary<string, ProofAges> ages = new(StringComparer.Ordinal);

    /// <summary>How many connections and issuers are alive, those in their grace included.</summary>
    internal int Count => servers.Count + issuers.Count + senders.Count + points.Count;

    /// <summary>The connection for these settings.</summary>
    public AuthorizationServer Connect(AuthorizationServerSettings settings) => servers.Get(settings, settings => new AuthorizationServer(settings, clock, loggers));

    /// <summary>The local issuer for these settings. Throws <see cref="LocalIssuerException"/> when it has no usable key.</summary>
    public LocalIssuer Issue(LocalIssuerSettings settings) => issuers.Get(settings, settings => new LocalIssuer(settings, clock, loggers.CreateLogger<LocalIssuer>()));

    /// <summary>The keys that hop tokens are bound to, of this file or of this process. Throws <see cref="ConfigurationException"/> when the file holds none that can be used.</summary>
    public SenderKeys Sender(string? file)
    {
        try
        {
            return senders.Get(new SenderSettings(file), settings => new SenderKeys(settings.File, clock, loggers.CreateLogger<SenderKeys>()));
        }
        catch (SenderKeyException unusable)
        {
            throw new ConfigurationException($"Gateway:SenderKeyFile {unusable.Message}");
        }
    }

    /// <summary>The decision point with these settings, for all servers that ask it.</summary>
    public DecisionPoint Decide(DecisionPointSettings settings) => points.Get(settings, settings => new DecisionPoint(settings, clock));

    /// <summary>
    /// Remembers which ids of one kind were used at the server with this resource identifier, whatever is reloaded in between, and at all replicas
    /// where the state is shared.
    /// </summary>
    public IUsedIds Replays(string resource, string purpose, int capacity, SharedNames names)
    {
        var memory = OfServer(replays, (resource, purpose), () => new ReplayMemory(capacity, clock), known => known.Capacity = capacity);
        return shared is null ? memory : new SharedIds(memory, shared, names, clock);
    }

    /// <summary>How old proofs may be at the server with this resource identifier, whatever is reloaded in between.</summary>
    public ProofAges Ages(string resource, TimeSpan maxAge) => OfServer(ages, resource, () => new ProofAges(maxAge, clock), known => known.MaxAge = maxAge);

    /// <summary>Lets go, after a grace, of what the current generation does not use; of everything when there is none yet.</summary>
    public void Keep(GenerationsInUse? inUse)
    {
        servers.Keep(inUse);
        issuers.Keep(inUse);
        senders.Keep(inUse);
        points.Keep(inUse);
        lock (replays)
        {
            // Not before everything in it has had its time, nor while anybody may still write into it: a server may come back.
            foreach (var (kind, memory) in replays)
            {
                if (memory.Count == 0 && !IsServed(kind.Resource, inUse))
                {
                    replays.Remove(kind);
                }
            }
        }
    }

    public void Dispose()
    {
        servers.Dispose();
        issuers.Dispose();
        senders.Dispose();
        points.Dispose();
    }

    private static bool IsServed(string resource, GenerationsInUse? inUse) =>
        inUse is not null && inUse.Older.Prepend(inUse.Current).Any(generation => generation.Servers.Any(server => server.Resource == resource));

    /// <summary>What goes on for a server over all reloads, with what this one asks of it.</summary>
    private static T OfServer<TKey, T>(Dictionary<TKey, T> all, TKey server, Func<T> create, Action<T> change)
        where TKey : notnull
    {
        lock (all)
        {
            if (!all.TryGetValue(server, out var known))
            {
                all[server] = known = create();
            }

            change(known);
            return known;
        }
    }

    private sealed record SenderSettings(string? File);
}
