using Gateway.Authorize.Policy;
using Gateway.Revoke;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Sender;

namespace Gateway.Generations;

/// <summary>
/// What outlives a generation: connections to authorization servers with their keys and breakers, what they said of tokens, the
/// local issuer's key ring, the keys that tokens are bound to, and which proofs were used. Each is found again by equal settings.
/// </summary>
internal sealed class RuntimePool(TimeProvider clock, ILoggerFactory loggers, RedisState? shared = null) : IDisposable
{
    /// <summary>
    /// How long what the current generation does not use is kept at least: longer than any exchange takes that nobody waits
    /// for any more. What requests in flight use is kept until they have ended, however long that is.
    /// </summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMinutes(3);

    private readonly Retirement<AuthorizationServerSettings, AuthorizationServer> servers =
        new(Grace, clock, static (generation, _, server) => generation.AuthorizationServers.Values.Contains(server) || generation.Events.Values.Any(receiver => receiver.Validator.Transmitter == server));

    private readonly Retirement<LocalIssuerSettings, LocalIssuer> issuers =
        new(Grace, clock, static (generation, _, issuer) => generation.LocalIssuer == issuer);

    private readonly Retirement<SenderSettings, SenderKeys> senders =
        new(Grace, clock, static (generation, _, sender) => generation.Sender == sender);

    private readonly Retirement<DecisionPointSettings, DecisionPoint> points =
        new(Grace, clock, static (generation, _, point) => generation.DecisionPoints.Contains(point));

    private readonly Retirement<IntrospectionSettings, TokenIntrospection> introspections =
        new(Grace, clock, static (generation, _, introspection) => generation.Introspections.Contains(introspection));

    private readonly OfServers<(string Resource, string Purpose), ReplayMemory, int> replays =
        new(capacity => new ReplayMemory(capacity, clock), static memory => memory.Capacity, static (memory, capacity) => memory.Capacity = capacity);

    private readonly OfServers<string, ProofAges, TimeSpan> ages =
        new(maxAge => new ProofAges(maxAge, clock), static known => known.MaxAge, static (known, maxAge) => known.MaxAge = maxAge);

    /// <summary>How many connections and issuers are alive, those in their grace included.</summary>
    internal int Count => servers.Count + issuers.Count + senders.Count + points.Count + introspections.Count;

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
    /// Who is asked with these settings whether tokens are active, with every answer so far: a token that was active before a reload is
    /// no stranger after it, and takes its subject's hop tokens with it when it ends.
    /// </summary>
    public TokenIntrospection Introspect(IntrospectionSettings settings, InactiveTokens? inactive) => introspections.Get(settings, settings => new TokenIntrospection(
        settings.Server,
        settings.Client,
        settings.Endpoint,
        settings.Always,
        settings.MaxAge,
        token => inactive?.Drop(settings.Server.Settings.Name, token, settings.MaxAge)));

    /// <summary>
    /// Remembers which ids of one kind were used at the server with this resource identifier, whatever is reloaded in between, and at all replicas
    /// where the state is shared. As many as that from <see cref="TakeEffect"/> on.
    /// </summary>
    public IUsedIds Replays(string resource, string purpose, int capacity, SharedNames names)
    {
        var memory = replays.Get((resource, purpose), capacity);
        return shared is null ? memory : new SharedIds(memory, shared, names, clock);
    }

    /// <summary>How old proofs may be at the server with this resource identifier, whatever is reloaded in between; as old as that from <see cref="TakeEffect"/> on.</summary>
    public ProofAges Ages(string resource, TimeSpan maxAge) => ages.Get(resource, maxAge);

    /// <summary>Sets the limits that the generation asks for which was built last, before it is served.</summary>
    public void TakeEffect()
    {
        replays.TakeEffect();
        ages.TakeEffect();
    }

    /// <summary>Sets the limits again that were before the last <see cref="TakeEffect"/>, where the generation that asked for them is not served after all.</summary>
    public void TakeBack()
    {
        replays.TakeBack();
        ages.TakeBack();
    }

    /// <summary>
    /// Lets go, after a grace, of what the current generation does not use, of everything when there is none yet; and of limits that have not
    /// taken effect, which a generation asked for that did not come about.
    /// </summary>
    public void Keep(GenerationsInUse? inUse)
    {
        replays.Drop();
        ages.Drop();
        servers.Keep(inUse);
        issuers.Keep(inUse);
        senders.Keep(inUse);
        points.Keep(inUse);
        introspections.Keep(inUse);

        // Not before everything in it has had its time, nor while anybody may still write into it: a server may come back.
        replays.Remove((kind, memory) => memory.Count == 0 && !IsServed(kind.Resource, inUse));
    }

    public void Dispose()
    {
        servers.Dispose();
        issuers.Dispose();
        senders.Dispose();
        points.Dispose();
        introspections.Dispose();
    }

    private static bool IsServed(string resource, GenerationsInUse? inUse) =>
        inUse is not null && inUse.Older.Prepend(inUse.Current).Any(generation => generation.Servers.Any(server => server.Resource == resource));

    private sealed record SenderSettings(string? File);

    /// <summary>What goes on for servers over all reloads, and what a generation asks of it that is not served yet.</summary>
    private sealed class OfServers<TKey, T, TLimit>(Func<TLimit, T> create, Func<T, TLimit> limitOf, Action<T, TLimit> change)
        where TKey : notnull
    {
        private readonly Lock gate = new();
        private readonly Dictionary<TKey, T> all = [];
        private readonly Dictionary<TKey, (T Known, TLimit Limit)> asked = [];
        private readonly List<(T Known, TLimit Limit)> before = [];

        public T Get(TKey server, TLimit limit)
        {
            lock (gate)
            {
                var known = all.TryGetValue(server, out var served) ? served : asked.TryGetValue(server, out var coming) ? coming.Known : create(limit);
                asked[server] = (known, limit);
                return known;
            }
        }

        public void TakeEffect()
        {
            lock (gate)
            {
                before.Clear();
                foreach (var (server, (known, limit)) in asked)
                {
                    before.Add((known, limitOf(known)));
                    all[server] = known;
                    change(known, limit);
                }

                asked.Clear();
            }
        }

        public void TakeBack()
        {
            lock (gate)
            {
                foreach (var (known, limit) in before)
                {
                    change(known, limit);
                }

                before.Clear();
            }
        }

        public void Drop()
        {
            lock (gate)
            {
                asked.Clear();
                before.Clear();
            }
        }

        public void Remove(Func<TKey, T, bool> isOver)
        {
            lock (gate)
            {
                foreach (var (server, known) in all)
                {
                    if (isOver(server, known))
                    {
                        all.Remove(server);
                    }
                }
            }
        }
    }
}

/// <summary>Who is asked whether tokens are active, as whom, where, about which, and how long an answer counts. A value.</summary>
/// <param name="Server">The authorization server's connection, which is the same for as long as its settings are.</param>
/// <param name="Client">As whom the gateway asks.</param>
/// <param name="Endpoint">Where; null: what the metadata names.</param>
/// <param name="Always">Whether JWTs are asked about too.</param>
/// <param name="MaxAge">How long an answer counts.</param>
internal sealed record IntrospectionSettings(AuthorizationServer Server, ClientSettings Client, Uri? Endpoint, bool Always, TimeSpan MaxAge);
