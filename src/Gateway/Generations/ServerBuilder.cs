using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Authorize;
using Gateway.Authorize.Calls;
using Gateway.Authorize.Policy;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Forward;
using Gateway.Http;
using Gateway.Observe;
using Gateway.Observe.Traffic;
using Gateway.Sessions;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Inbound;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Generations;

/// <summary>Builds one MCP server: a policy for each stage.</summary>
internal sealed class ServerBuilder(BuildContext context, AdmissionBuilder admissions, SourceBuilder sources, RuntimePool pool, TimeProvider clock, GatewayMetrics? metrics, TrafficByServer? traffic)
{
    private const int UsedCalls = 1_000_000;

    private readonly FrozenDictionary<string, FrozenSet<string>> inboundAudiences = ServerTopology.InboundAudiences(context.Options, context.Topology);

    public McpServer Build(ServerTopology topology)
    {
        var server = topology.Options;
        var outbound = topology.Outbound;
        var rules = Rules(server);
        var destinations = topology.Destinations.Distinct(StringComparer.Ordinal).Select(UnixDestination.AddressOf).ToArray();
        var target = TargetMapping.Of(topology, context.Options, inboundAudiences, context.SenderKeys);
        var forwarded = server.ForwardHeaders.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        var admission = admissions.Build(topology, target, forwarded);
        var advertised = (server.AdvertisedScopes ?? (IEnumerable<string>)ResourceDocument.ScopesOf(rules.AllScopes)).Select(scope => server.ScopePrefix + scope).ToImmutableArray();
        return new McpServer
        {
            Id = topology.Id,
            Generation = context.Number,
            InFlight = context.InFlight,
            Traffic = traffic?.Of(topology.Id),
            Path = topology.Path,
            KeptBack = topology.Path == "/" ? KeptBack() : [],
            Resource = topology.Resource,
            Transport = server.Transport,
            Challenge = new ChallengePolicy
            {
                MetadataUrl = context.PublicUrl + ResourceDocument.PathOf(topology.Path),
                ScopePrefix = server.ScopePrefix,
                AdvertisedScopes = advertised,
                MissingTokenScopes = ResourceDocument.ScopesOf(rules.Required) is { Count: > 0 } required ? ChallengePolicy.Prefixed(server.ScopePrefix, required) : string.Join(' ', advertised),
                ProofAlgorithms = admission.Sender.Settings.Algorithms,
                ProofRequired = admission.Sender.Required,
            },
            Admission = admission,
            Operations = new OperationPolicy
            {
                Rules = rules,
                Scopes = Scopes(server),
                NarrowToOperation = outbound.NarrowToOperation,
                Calls = Calls(topology),
                Policy = Policy(topology),
                MaxRequestBody = server.MaxRequestBody,
                RequestBodyTimeout = server.RequestBodyTimeout,
                Bodies = context.Bodies,
            },
            Sessions = new SessionPolicy
            {
                Binding = context.Keys.Binding(),
                Destinations = destinations.ToFrozenDictionary(YarpRecords.DestinationId),
            },
            Source = sources.Build(outbound, target),
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

    private ImmutableArray<string> KeptBack() => context.Options.LocalIssuer is { } local
        ? [.. GatewayPaths.Own, new Uri(local.Issuer!).AbsolutePath.TrimEnd('/')]
        : [.. GatewayPaths.Own];

    private CallPolicy? Calls(ServerTopology topology)
    {
        var approvals = topology.Options.Operations.Any(rule => rule.Approval);
        return !topology.Options.RequireCallBinding && !approvals ? null : new CallPolicy
        {
            RequiresBinding = topology.Options.RequireCallBinding,
            HasApprovals = approvals,
            HandsOn = topology.Outbound.Mode is OutboundMode.Exchange or OutboundMode.Local,
            Locations = topology.AcceptedAudiences,
            Approvals = new ApprovalIds(context.Keys.Derive("approval"), clock),
            Used = pool.Replays(topology.Resource, "calls", UsedCalls, context.Names),
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
}
