using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Policy;
using Gateway.Configuration.Options;
using Gateway.Forward;
using Gateway.Observe;
using Gateway.Observe.Traffic;
using Gateway.Revoke;
using Gateway.Revoke.Shared;
using Gateway.Sessions;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Local;

namespace Gateway.Generations;

/// <summary>Builds a generation from options that every rule has passed; what the options leave open is resolved here, once.</summary>
internal sealed class GenerationBuilder(RuntimePool pool, ExchangeCache cache, SessionKeys keyFile, TimeProvider clock, Revocations revocations, HeldBodies held, InactiveTokens? inactive, SharedLog? shared = null, GatewayMetrics? metrics = null, TrafficByServer? traffic = null)
{
    /// <summary>Whether nothing is ever minted, so that signing keys may be missing: for commands that judge what comes in.</summary>
    public bool InboundOnly { get; init; }

    /// <summary>
    /// A generation that is complete but not served yet. Throws what a key directory or a key file throws. Beyond it, nothing is changed that
    /// matters to the one that is served.
    /// </summary>
    public Generation Build(GatewayOptions options, long number)
    {
        var context = Context(options, number);
        var keys = shared is null ? null : SharedNames.RevocationKeys(context.Keys, options);
        var admissions = new AdmissionBuilder(context, pool, revocations, inactive, clock);
        var sources = new SourceBuilder(context, cache, InboundOnly, clock);
        var builder = new ServerBuilder(context, admissions, sources, pool, clock, metrics, traffic);
        var receivers = new ReceiverBuilder(context, pool, clock);
        var fronts = FrontBuilder.Build(context, clock);
        var servers = context.Topology.Select(builder.Build).ToImmutableArray();
        var generation = new Generation
        {
            Number = number,
            InFlight = context.InFlight,
            Servers = servers,
            AuthorizationServers = context.Connections,
            Bodies = context.Bodies,
            LocalIssuer = context.LocalIssuer,
            Names = context.Names,
            RevocationKeys = keys,
            SessionKeysDigest = context.Keys.FileDigest,
            Sender = context.SenderKeys,
            Introspections = admissions.Introspections.Values.ToFrozenSet(),
            DecisionPoints = servers.Select(server => server.Operations.Policy?.Point).OfType<DecisionPoint>().ToFrozenSet(),
            Logouts = receivers.Logouts(),
            Events = receivers.Events(),
            Fronts = fronts,
            Documents = DocumentBuilder.Build(context, servers, fronts),
            Routes = [.. servers.Select(YarpRecords.Route)],
            Clusters = [.. servers.Zip(context.Topology, (server, from) => YarpRecords.Cluster(server, from.Options))],
        };

        // More names to tell revocations by, and no fewer: not taken back where the generation does not come about. There before its
        // routes are, so that what is revoked of an issuer that is new is revoked for the first request.
        foreach (var (name, server) in options.AuthorizationServers)
        {
            revocations.Keys.Know(server.Issuer!, name);
        }

        shared?.WriteLater(revocations.UseKeys(revocations.Keys));
        return generation;
    }

    /// <summary>Names and seals what is shared by the keys of a generation that is sure to be served: by those of one that is not, other replicas would not know it.</summary>
    public void TakeEffect(Generation next)
    {
        if (shared is not null)
        {
            shared.Use(next.Names);
            shared.WriteLater(revocations.UseKeys(next.RevocationKeys!));
        }
    }

    private BuildContext Context(GatewayOptions options, long number)
    {
        var topology = ServerTopology.Of(options);
        var keys = keyFile.Read(options.SessionKeyFile);
        return new BuildContext
        {
            Options = options,
            Number = number,
            Topology = topology,
            Connections = options.AuthorizationServers.ToFrozenDictionary(server => server.Key, server => pool.Connect(SettingsMapping.Of(server.Key, server.Value))),
            LocalIssuer = options.LocalIssuer is { } local && !InboundOnly ? pool.Issue(new LocalIssuerSettings(local.Issuer!, local.KeyDirectory!, local.Algorithm)) : null,
            Keys = keys,
            SenderKeys = topology.Any(server => server.Outbound.Bind == OutboundBinding.DPoP) ? pool.Sender(options.SenderKeyFile) : null,
            Names = new SharedNames(shared is null ? [] : keys.Derive(SharedNames.Purpose)),
            Bodies = new BodyBudget(held, Math.Min(options.MaxBodyBytesHeld, AvailableMemory.Bodies(AvailableMemory.Bytes))),
        };
    }
}
