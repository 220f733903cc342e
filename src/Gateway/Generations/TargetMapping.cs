using System.Buffers.Text;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Gateway.Authorize.Calls;
using Gateway.Configuration.Options;
using TokenExchange.Inbound;
using TokenExchange.Jose;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Profiles;
using TokenExchange.Outbound.Sender;

namespace Gateway.Generations;

/// <summary>What a server's hop tokens are asked for and must be, from its options and its authorization server's profile.</summary>
internal static class TargetMapping
{
    public static OutboundTarget Of(ServerTopology topology, GatewayOptions options, FrozenDictionary<string, FrozenSet<string>> inboundAudiences, SenderKeys? sender)
    {
        var outbound = topology.Outbound;
        var asked = outbound.AuthorizationServer is { } name ? options.AuthorizationServers[name] : null;
        var profile = asked is null ? null : ExchangeProfile.Find(asked.Profile);
        return new OutboundTarget
        {
            InboundResource = topology.Resource,
            Resource = topology.OutboundResource ?? topology.Resource,
            Audience = outbound.Audience,
            ResultAudiences = topology.ResultAudiences,
            ResultAudiencesGiven = outbound is { ResultAudiences: not null, Resource: not null, Audience: not null },
            ResultIsJwt = outbound.ResultFormat == ResultFormat.Jwt,
            ExtraResultScopes = outbound.ExtraResultScopes is { } extra ? ScopeSet.Of(extra) : profile?.ExtraResultScopes ?? ScopeSet.Empty,
            SubjectClaims = outbound.SubjectClaims is { } claims ? [.. claims] : profile?.SubjectClaims ?? ["sub"],
            MaxLifetime = outbound.MaxLifetime ?? profile?.MaxLifetime ?? TimeSpan.FromHours(1),
            MaxOutlive = outbound.MaxOutlive ?? profile?.MaxOutlive,
            KeepsDetails = outbound.AuthorizationDetails == AuthorityChange.Keep,
            KeepsActors = outbound.ActorChain == AuthorityChange.Keep,
            NamesActor = outbound.ActorToken is not null && profile?.NamesActor == true,
            ClientsAtIssuers = ClientsAtIssuers(topology, options).ToFrozenDictionary(StringComparer.Ordinal),
            ActsForSubject = outbound.Mode is OutboundMode.Exchange or OutboundMode.Local,
            TakesDetails = outbound.Mode != OutboundMode.Local || outbound.Claims.Contains("authorization_details"),
            DetailsAside = Aside(topology),
            InboundAudiences = inboundAudiences,
            ClientId = outbound.Client?.Id ?? asked?.Client?.Id,
            Sender = outbound.Bind == OutboundBinding.DPoP ? sender : null,
            SettingsDigest = Digest(topology, options, asked, inboundAudiences),
        };
    }

    private static ImmutableArray<string> Aside(ServerTopology topology) => CallPolicy.Aside(topology.Options.RequireCallBinding, topology.Options.Operations.Any(rule => rule.Approval));

    /// <summary>The gateway as a client of each issuer whose tokens are accepted at the server: whom their <c>may_act</c> may name.</summary>
    private static IEnumerable<KeyValuePair<string, string>> ClientsAtIssuers(ServerTopology topology, GatewayOptions options) =>
        from name in topology.InboundServers
        let issuer = options.AuthorizationServers[name]
        let client = (name == topology.Outbound.AuthorizationServer ? topology.ClientAt(issuer) : issuer.Client)?.Id
        where client is not null
        select KeyValuePair.Create(issuer.Issuer!, client);

    /// <summary>Over everything that decides what is asked for and accepted, without credentials.</summary>
    private static string Digest(ServerTopology topology, GatewayOptions options, AuthorizationServerOptions? asked, FrozenDictionary<string, FrozenSet<string>> inboundAudiences)
    {
        var outbound = topology.Outbound;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendFields("outbound-1", topology.Resource, outbound.Mode.ToString(), topology.OutboundResource, outbound.Audience, topology.ResultIssuer);
        hash.AppendFields(outbound.AuthorizationServer, outbound.ResultFormat.ToString(), outbound.NarrowToOperation.ToString(), outbound.ForeignSubjects.ToString());
        hash.AppendFields(outbound.MaxLifetime?.ToString(), outbound.Lifetime?.ToString(), outbound.Subject?.ToString(), outbound.Bind.ToString());
        hash.AppendFields(outbound.MaxOutlive?.ToString(), outbound.AuthorizationDetails.ToString(), outbound.ActorChain.ToString(), outbound.ActorToken?.File, outbound.ActorToken?.Type.ToString());
        AddList(hash, topology.ResultAudiences);
        AddList(hash, Aside(topology));
        hash.AppendFields(outbound.BindCall.ToString());
        AddList(hash, outbound.ResultAudiences);
        AddList(hash, outbound.ExtraResultScopes);
        AddList(hash, outbound.SubjectClaims);
        AddList(hash, outbound.Claims);
        AddList(hash, outbound.Scopes);
        hash.AppendFields(outbound.ScopeMap?.Count.ToString(CultureInfo.InvariantCulture));
        foreach (var map in outbound.ScopeMap ?? [])
        {
            hash.AppendFields(map.Inbound);
            AddList(hash, map.Outbound);
        }

        AddClient(hash, outbound.Client ?? asked?.Client);
        if (asked is not null)
        {
            hash.AppendFields(asked.Issuer, asked.Profile, asked.MetadataUrl, asked.JwksUrl, asked.TokenEndpoint, asked.AllowMissingIssuedTokenType.ToString(), asked.ClockSkew.ToString());
            AddList(hash, asked.ExtraParameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal).SelectMany(parameter => (string?[])[parameter.Key, parameter.Value]));
        }

        if (outbound.ResultIssuer is { } signer)
        {
            var server = options.AuthorizationServers[signer];
            hash.AppendFields(signer, server.Issuer, server.MetadataUrl, server.JwksUrl, server.TokenEndpoint, server.AllowMissingIssuedTokenType.ToString(), server.ClockSkew.ToString());
        }

        if (outbound.Mode == OutboundMode.Local)
        {
            hash.AppendFields(options.LocalIssuer!.Issuer, options.LocalIssuer.Algorithm, options.LocalIssuer.KeyDirectory);
        }

        // Of what is accepted inbound, only what a result could carry: another server that comes or goes is none of this
        // server's business, and must not empty its cache.
        AddList(hash, inboundAudiences.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .SelectMany(entry => topology.ResultAudiences.Where(entry.Value.Contains).SelectMany(audience => (string?[])[entry.Key, audience])));
        return Base64Url.EncodeToString(hash.GetHashAndReset());
    }

    private static void AddClient(IncrementalHash hash, ClientOptions? client) =>
        hash.AppendFields(client?.Id, client?.Authentication?.ToString());

    private static void AddList(IncrementalHash hash, IEnumerable<string?>? values)
    {
        var items = values?.ToArray();
        hash.AppendFields([items?.Length.ToString(CultureInfo.InvariantCulture), .. items ?? []]);
    }
}
