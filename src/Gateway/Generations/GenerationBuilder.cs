using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Calls;
using Gateway.Authorize.Policy;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Front;
using Gateway.Observe;
using Gateway.Observe.Traffic;
using Gateway.Revoke;
using Gateway.Revoke.Shared;
using Gateway.Sessions;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Local;
using TokenExchange.Outbound.Profiles;
using TokenExchange.Outbound.Sender;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Generations;

/// <summary>Builds a generation from options that every rule has passed; what the options leave open is resolved here, once.</summary>
internal sealed class GenerationBuilder(RuntimePool pool, ExchangeCache cache, SessionKeys sessionKeys, TimeProvider clock, Revocations revocations, HeldBodies held, InactiveTokens? inactive, SharedLog? shared = null, GatewayMetrics? metrics = null, TrafficByServer? traffic = null)
{
    private const int LeastRemembered = 256;
    private const int UsedCalls = 1_000_000;

    /// <summary>Whether nothing is ever minted, so that signing keys may be missing: for commands that judge what comes in.</summary>
    public bool InboundOnly { get; init; }

    /// <summary>A generation that is complete but not served yet. Throws what a key directory or a key file throws.</summary>
    public Generation Build(GatewayOptions options, long number)
    {
        var topology = ServerTopology.Of(options);
        var connections = options.AuthorizationServers.ToFrozenDictionary(
            server => server.Key, server => pool.Connect(SettingsMapping.Of(server.Key, server.Value)));
        var localIssuer = options.LocalIssuer is { } local && !InboundOnly
            ? pool.Issue(new LocalIssuerSettings(local.Issuer!, local.KeyDirectory!, local.Algorithm))
            : null;
        var inboundAudiences = InboundAudiences(options, topology);
        var sessions = sessionKeys.Read(options.SessionKeyFile);
        var introspections = Introspections(options, connections);
        var certificates = new ClientCertificates([.. options.ClientCertProxies.Select(range => IPNetwork.Parse(range))]);
        var nonces = new ProofNonces(sessionKeys.Derive(options.SessionKeyFile, "dpop-nonce"), clock);
        var names = new SharedNames(shared is null ? [] : sessionKeys.Derive(options.SessionKeyFile, SharedNames.Purpose));
        var keys = shared is null ? null : SharedNames.RevocationKeys(sessionKeys, options);
        var inFlight = new InFlight();
        var sender = topology.Any(server => server.Outbound.Bind == OutboundBinding.DPoP) ? pool.Sender(options.SenderKeyFile) : null;
        var bodies = new BodyBudget(held, options.MaxBodyBytesHeld);
        var fronts = Fronts(options, topology, connections);
        var servers = topology.Select(server => Server(server, options, connections, introspections, localIssuer, inboundAudiences, sessions, Sender(server, nonces, names), sender, certificates, inFlight, bodies, names, number)).ToImmutableArray();
        var logouts = Logouts(options, topology, connections);
        var events = Events(options, connections);
        foreach (var (name, server) in options.AuthorizationServers)
        {
            revocations.Keys.Know(server.Issuer!, name);
        }

        if (shared is not null)
        {
            // Last: nothing that can fail comes after it.
            shared.Use(names);
            shared.WriteLater(revocations.UseKeys(keys!));
        }

        return new Generation
        {
            Number = number,
            InFlight = inFlight,
            Servers = servers,
            AuthorizationServers = connections,
            Bodies = bodies,
            LocalIssuer = localIssuer,
            Sender = sender,
            DecisionPoints = servers.Select(server => server.Operations.Policy?.Point).OfType<DecisionPoint>().ToFrozenSet(),
            Logouts = logouts,
            Events = events,
            Fronts = fronts,
            Documents = PublicDocuments(options, topology, servers, localIssuer, fronts),
            Routes = [.. servers.Select(YarpRecords.Route)],
            Clusters = [.. servers.Zip(topology, (server, from) => YarpRecords.Cluster(server, from.Options))],
        };
    }

    private McpServer Server(
        ServerTopology topology,
        GatewayOptions options,
        FrozenDictionary<string, AuthorizationServer> connections,
        FrozenDictionary<string, TokenIntrospection> introspections,
        LocalIssuer? localIssuer,
        FrozenDictionary<string, FrozenSet<string>> inboundAudiences,
        SessionBinding sessions,
        SenderPolicy sender,
        SenderKeys? senderKeys,
        ClientCertificates certificates,
        InFlight inFlight,
        BodyBudget bodies,
        SharedNames names,
        long number)
    {
        var server = topology.Options;
        var outbound = topology.Outbound;
        var publicUrl = CanonicalUri.Of(options.PublicUrl).TrimEnd('/');
        var rules = Rules(server);
        var destinations = topology.Destinations.Distinct(StringComparer.Ordinal).Select(UnixDestination.AddressOf).ToArray();
        var target = TargetMapping.Of(topology, options, inboundAudiences, senderKeys);
        var forwarded = server.ForwardHeaders.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        return new McpServer
        {
            Id = topology.Id,
            Generation = number,
            InFlight = inFlight,
            Traffic = traffic?.Of(topology.Id),
            Path = topology.Path,
            Resource = topology.Resource,
            Transport = server.Transport,
            Challenge = new ChallengePolicy
            {
                MetadataUrl = publicUrl + ResourceDocument.PathOf(topology.Path),
                ScopePrefix = server.ScopePrefix,
                MissingTokenScopes = ChallengePolicy.Prefixed(server.ScopePrefix, ResourceDocument.ScopesOf(rules.Required)),
                ProofAlgorithms = sender.Settings.Algorithms,
                ProofRequired = sender.Required,
            },
            Admission = new AdmissionPolicy
            {
                Validator = Validator(topology, options, connections, introspections, sender),
                Sender = sender,
                ForwardHeaders = forwarded,
                Certificates = certificates,
                AcceptedAudiences = topology.AcceptedAudiences,
                AllowedOrigins = server.AllowedOrigins.Append(publicUrl).Select(CanonicalUri.Of).ToFrozenSet(StringComparer.Ordinal),
                AllowedClients = server.AllowedClients?.ToFrozenSet(StringComparer.Ordinal),
                RequiredClaims = [.. server.RequiredClaims.Select(claim => new RequiredClaim(claim.Claim!, claim.AnyOf!.ToFrozenSet(StringComparer.Ordinal)))],
                IdentityHeaders = [.. server.IdentityHeaders.Select(header => new IdentityHeader(header.Header!, header.Claim!))],
                Onward = target,
            },
            Operations = new OperationPolicy
            {
                Rules = rules,
                Scopes = Scopes(server),
                NarrowToOperation = outbound.NarrowToOperation,
                Calls = Calls(topology, options, names),
                Policy = Policy(topology),
                MaxRequestBody = server.MaxRequestBody,
                RequestBodyTimeout = server.RequestBodyTimeout,
                Bodies = bodies,
            },
            Sessions = new SessionPolicy
            {
                Binding = sessions,
                Destinations = destinations.ToFrozenDictionary(YarpRecords.DestinationId),
            },
            Source = Source(outbound, options, connections, localIssuer, target),
            Relay = new RelayPolicy
            {
                Proof = outbound.Bind == OutboundBinding.DPoP ? new OutboundProof(topology.OutboundResource ?? topology.Resource) : null,
                ForwardHeaders = forwarded,
                FilterLists = server.FilterLists,
                OnSockets = UnixSockets.Any(destinations),
                StreamIdleTimeout = server.StreamIdleTimeout,
                MaxResponseDuration = server.MaxResponseDuration,
                DestinationUrls = destinations.ToFrozenDictionary(address => address, address => RequestUtilities.MakeDestinationAddress(address, default, default)),
            },
        };
    }

    private CredentialSource Source(OutboundOptions outbound, GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections, LocalIssuer? localIssuer, OutboundTarget target)
    {
        return outbound.Mode!.Value switch
        {
            OutboundMode.None => CredentialSource.Nothing.Instance,
            OutboundMode.Credential => new CredentialSource.Static(new StaticCredential(outbound.Header ?? "Authorization", outbound.Prefix ?? "", outbound.File!, clock)),
            OutboundMode.Exchange => Token(TokenSourceKind.Exchange, Exchanger(outbound, options, connections)),
            OutboundMode.Local when InboundOnly => CredentialSource.Nothing.Instance,
            OutboundMode.Local => Token(TokenSourceKind.Local, LocalExchanger(outbound, options, localIssuer!)),
            OutboundMode.SameToken => Token(TokenSourceKind.SameToken, new SameTokenExchanger()),
            _ => throw new UnreachableException(),
        };

        CredentialSource.Token Token(TokenSourceKind kind, ITokenExchanger exchanger) => new(kind, exchanger, target) { BindsCall = outbound.BindCall };
    }

    private TokenValidator Validator(
        ServerTopology topology, GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections, FrozenDictionary<string, TokenIntrospection> introspections, SenderPolicy sender)
    {
        var issuers = topology.InboundServers.Select(name =>
        {
            var issuer = options.AuthorizationServers[name];
            return new TrustedIssuer
            {
                Server = connections[name],
                Algorithms = [.. issuer.Algorithms],
                TokenTypes = issuer.TokenTypes is { } types ? [.. types] : ExchangeProfile.Find(issuer.Profile)!.TokenTypes,
                ClockSkew = issuer.ClockSkew,
                MaxTokenLifetime = issuer.MaxTokenLifetime,
                CompanionAudiences = topology.CompanionAudiences(issuer),
                Introspection = introspections.GetValueOrDefault(name),
            };
        });
        return new TokenValidator(
            new ResourceAudience(topology.Resource, topology.AcceptedAudiences, topology.Options.MultipleAudiences == MultipleAudiences.Allow),
            [.. issuers],
            clock,

            // All servers together remember at least as many inbound tokens as there may be hop tokens: of those that are
            // remembered, the validator forgets up to half at a time.
            Math.Max(LeastRemembered, 2 * options.Cache.Capacity / options.Servers.Count),
            revocations,
            keepClaims: topology.Options.RequiredClaims.Count > 0 || topology.Options.Policy?.Claims.Count > 0 || topology.Options.IdentityHeaders.Count > 0,
            sender);
    }

    private CallPolicy? Calls(ServerTopology topology, GatewayOptions options, SharedNames names)
    {
        var approvals = topology.Options.Operations.Any(rule => rule.Approval);
        return !topology.Options.RequireCallBinding && !approvals ? null : new CallPolicy
        {
            RequiresBinding = topology.Options.RequireCallBinding,
            HasApprovals = approvals,
            HandsOn = topology.Outbound.Mode is OutboundMode.Exchange or OutboundMode.Local,
            Locations = topology.AcceptedAudiences,
            Approvals = new ApprovalIds(sessionKeys.Derive(options.SessionKeyFile, "approval"), clock),
            Used = pool.Replays(topology.Resource, "calls", UsedCalls, names),
        };
    }

    private PolicyCheck? Policy(ServerTopology topology) => topology.Options.Policy is not { } policy ? null : new PolicyCheck(
        new PolicySettings
        {
            Server = topology.Id,
            Resource = topology.Resource,
            QualifiedSubject = policy.Subject == LocalSubject.IssuerQualified,
            Claims = [.. policy.Claims.Distinct(StringComparer.Ordinal)],
            Arguments = policy.Arguments,
            FilterLists = policy.FilterLists,
        },
        pool.Decide(new DecisionPointSettings(policy.Url!, policy.EvaluationsUrl ?? DecisionPointSettings.EvaluationsOf(policy.Url!), policy.TokenFile, policy.Timeout)),
        metrics);

    private SenderPolicy Sender(ServerTopology topology, ProofNonces nonces, SharedNames names)
    {
        var proofs = topology.Options.DPoP;
        var settings = new DPoPSettings
        {
            MaxAge = proofs.MaxAge,
            NonceRequired = proofs.Nonce == DPoPNonce.Required,
            ContentDigestRequired = proofs.ContentDigest == DPoPContentDigest.Required,
            Algorithms = [.. proofs.Algorithms],
        };
        return new SenderPolicy(
            settings, topology.Options.SenderConstraint == SenderConstraint.Required, pool.Replays(topology.Resource, SenderPolicy.Purpose, proofs.ReplayCapacity, names), nonces, clock, pool.Ages(topology.Resource, proofs.MaxAge));
    }

    /// <summary>One for all servers: what an authorization server says of a token holds wherever the token goes.</summary>
    private FrozenDictionary<string, TokenIntrospection> Introspections(GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections) =>
        options.AuthorizationServers.Where(server => server.Value is { Inbound: true, Introspection: not null }).ToFrozenDictionary(server => server.Key, server =>
        {
            var introspection = server.Value.Introspection!;
            return new TokenIntrospection(
                connections[server.Key],
                SettingsMapping.Client(server.Value.Client!),
                SettingsMapping.UriOf(introspection.Endpoint),
                introspection.Mode == IntrospectionMode.Always,
                introspection.MaxAge,
                token => inactive?.Drop(server.Key, token, introspection.MaxAge));
        });

    private FrozenDictionary<string, LogoutReceiver> Logouts(GatewayOptions options, ImmutableArray<ServerTopology> topology, FrozenDictionary<string, AuthorizationServer> connections) =>
        options.AuthorizationServers.Where(server => server.Value.BackchannelLogout).ToFrozenDictionary(server => server.Key, server => new LogoutReceiver(
            new LogoutTokenValidator(
                connections[server.Key],
                [.. ClientIds(server.Key, server.Value, topology)],
                [.. server.Value.Algorithms],
                server.Value.ClockSkew,
                clock),

            // No token that was issued until now is accepted for longer, wherever within the skew the two clocks are.
            server.Value.MaxTokenLifetime + (2 * server.Value.ClockSkew)));

    private FrozenDictionary<string, SecurityEventReceiver> Events(GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections) =>
        options.AuthorizationServers.Where(server => server.Value.SecurityEvents is not null).ToFrozenDictionary(server => server.Key, server =>
        {
            var (written, events) = (server.Value, server.Value.SecurityEvents!);
            var transmitter = events is { Issuer: null, JwksUrl: null } ? connections[server.Key] : pool.Connect(SettingsMapping.Transmitter(server.Key, written, events));
            return new SecurityEventReceiver(
                server.Key,
                new SecurityEventValidator(transmitter, written.Issuer!, events.Audience!, [.. written.Algorithms], written.ClockSkew, written.MaxTokenLifetime, clock),
                events.TokenFile,
                written.MaxTokenLifetime + (2 * written.ClockSkew));
        });

    private FrozenDictionary<string, ClientFront>? Fronts(GatewayOptions options, ImmutableArray<ServerTopology> topology, FrozenDictionary<string, AuthorizationServer> connections)
    {
        var publicUrl = CanonicalUri.Of(options.PublicUrl).TrimEnd('/');
        var configured = options.AuthorizationServers.Where(server => server.Value.Registration is not null).ToArray();
        return configured.Length == 0 ? null : configured.ToFrozenDictionary(server => server.Key, server =>
        {
            var registration = server.Value.Registration!;
            var fronted = topology.Where(one => one.UsesFrontOf(server.Key, server.Value))
                .Select(one => new FrontedServer(one.Id, one.Resource, string.Join(' ', registration.Scopes![one.Id])));
            return new ClientFront
            {
                Name = server.Key,
                Issuer = ClientFront.IssuerOf(publicUrl, server.Key),
                Origin = publicUrl,
                Server = connections[server.Key],
                ClientId = registration.ClientId!,
                RedirectUris = new RedirectUris(registration.RedirectUris!),
                Servers = ByResource(fronted, publicUrl),
                ForwardResource = registration.ForwardResource,
                Seal = new ConsentSeal(sessionKeys.Derive(options.SessionKeyFile, "front-consent"), clock),
            };
        });
    }

    /// <summary>By identifier; that of a server at the root is the same with a slash, which many clients write.</summary>
    private static FrozenDictionary<string, FrontedServer> ByResource(IEnumerable<FrontedServer> servers, string publicUrl) =>
        servers.SelectMany(server => server.Resource == publicUrl ? [(server.Resource, server), (server.Resource + "/", server)] : new[] { (server.Resource, server) })
            .ToFrozenDictionary(pair => pair.Item1, pair => pair.server, StringComparer.Ordinal);

    // Every client that the gateway is at the server: a server's Outbound may bring one of its own.
    private static IEnumerable<string> ClientIds(string name, AuthorizationServerOptions server, ImmutableArray<ServerTopology> topology) =>
        topology.Where(target => target.Outbound.AuthorizationServer == name).Select(target => target.ClientAt(server)?.Id)
            .Append(server.Client?.Id).OfType<string>().Distinct(StringComparer.Ordinal);

    private ITokenExchanger Exchanger(OutboundOptions outbound, GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections)
    {
        var asked = options.AuthorizationServers[outbound.AuthorizationServer!];
        var client = SettingsMapping.Client(outbound.Client ?? asked.Client!);
        var exchange = Client(outbound, options, connections, clock);
        return cache.Wrap(exchange, new CachePartition(outbound.AuthorizationServer!, asked.TokenEndpoint ?? asked.MetadataUrl ?? asked.Issuer!, client.Id, "access_token") { Actor = outbound.ActorToken is null ? null : () => exchange.ActorDigest });
    }

    /// <summary>The client that asks for a server's hop tokens, without a cache before it.</summary>
    internal static TokenExchangeClient Client(OutboundOptions outbound, GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections, TimeProvider clock)
    {
        var name = outbound.AuthorizationServer!;
        var asked = options.AuthorizationServers[name];
        return new TokenExchangeClient(connections[name], SettingsMapping.Client(outbound.Client ?? asked.Client!), connections[outbound.ResultIssuer ?? name], asked.ExtraParameters, clock, SettingsMapping.Actor(outbound.ActorToken));
    }

    private ITokenExchanger LocalExchanger(OutboundOptions outbound, GatewayOptions options, LocalIssuer issuer)
    {
        var settings = new LocalTokenSettings(
            outbound.Lifetime ?? OutboundOptions.UsualLifetime,
            outbound.Claims,
            outbound.Subject == LocalSubject.IssuerQualified);
        if (outbound.BindCall)
        {
            // For one call alone: there is nobody to share it with.
            return issuer.For(settings);
        }

        return cache.Wrap(issuer.For(settings), new CachePartition("local", options.LocalIssuer!.Issuer!, "", "access_token"));
    }

    private static OperationRules Rules(ServerOptions server) => new(
        [.. server.Operations.Select(rule => new OperationRule(
            new Pattern(rule.Method!),
            rule.Name is null ? null : new Pattern(rule.Name),
            ScopeSet.Of(rule.Scopes ?? []),
            rule.Deny,
            rule.Approval))],
        ScopeSet.Of(server.RequiredScopes),
        server.OtherOperations == OtherOperations.Deny,
        server.ResourceUris == ResourceUris.Strict,
        server.Policy is not null);

    private static ScopeMapping Scopes(ServerOptions server) => new(
        server.ImpliedScopes.GroupBy(implied => implied.Scope!, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.SelectMany(implied => implied.Implies!).ToImmutableArray(), StringComparer.Ordinal),
        server.Outbound!.ScopeMap?.GroupBy(map => map.Inbound!, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.SelectMany(map => map.Outbound!).ToImmutableArray(), StringComparer.Ordinal),
        server.Outbound.Scopes is { } only ? ScopeSet.Of(only) : null);

    /// <summary>For each inbound issuer, what any server here accepts from it: a result that holds one of these comes back as a boomerang.</summary>
    internal static FrozenDictionary<string, FrozenSet<string>> InboundAudiences(GatewayOptions options, ImmutableArray<ServerTopology> topology) =>
        topology.SelectMany(server => server.InboundServers.Select(name => (Issuer: options.AuthorizationServers[name].Issuer!, server.AcceptedAudiences)))
            .GroupBy(pair => pair.Issuer, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.SelectMany(pair => pair.AcceptedAudiences).ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);

    private static FrozenDictionary<string, Document> PublicDocuments(GatewayOptions options, ImmutableArray<ServerTopology> topology, ImmutableArray<McpServer> servers, LocalIssuer? issuer, FrozenDictionary<string, ClientFront>? fronts)
    {
        var documents = new Dictionary<string, Document>(StringComparer.Ordinal);
        foreach (var (server, from) in servers.Zip(topology))
        {
            var scopes = from.Options.AdvertisedScopes ?? (IEnumerable<string>)ResourceDocument.ScopesOf(server.Operations.Rules.AllScopes);
            var bytes = ResourceDocument.Write(
                server.Resource,
                server.Id,
                from.InboundServers.Select(name => from.UsesFrontOf(name, options.AuthorizationServers[name]) ? fronts![name].Issuer : options.AuthorizationServers[name].Issuer!),
                scopes.Select(scope => server.Challenge.ScopePrefix + scope),
                server.Admission.Sender.Settings.Algorithms,
                server.Admission.Sender.Required);
            documents.Add(ResourceDocument.PathOf(server.Path), new Document(() => bytes));
        }

        if (issuer is not null)
        {
            var path = new Uri(options.LocalIssuer!.Issuer!).AbsolutePath.TrimEnd('/');
            documents.Add(path + "/jwks", new Document(() => issuer.Jwks));
            documents.Add("/.well-known/oauth-authorization-server" + path, new Document(() => issuer.Metadata));
            documents.Add(path + "/.well-known/openid-configuration", new Document(() => issuer.Metadata));
        }

        foreach (var front in fronts?.Values ?? [])
        {
            var metadata = front.Metadata();
            documents.Add("/.well-known/oauth-authorization-server" + front.Path, new Document(() => metadata));
        }

        return documents.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
