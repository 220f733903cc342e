using System.Collections.Frozen;
using Gateway.Authenticate;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Configuration.Rules;
using Gateway.Revoke;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Generations;

/// <summary>Builds who may come to a server: whose tokens, with which proof, of which clients.</summary>
internal sealed class AdmissionBuilder(BuildContext context, RuntimePool pool, Revocations revocations, InactiveTokens? inactive, TimeProvider clock)
{
    private const int LeastRemembered = 256;

    private readonly ClientCertificates certificates = new([.. context.Options.ClientCertProxies.Select(AddressRanges.Parse)]);
    private readonly ProofNonces nonces = new(context.Keys.Derive("dpop-nonce"), clock);

    /// <summary>Who says whether tokens are active, by configured name; one for all servers: what an authorization server says of a token holds wherever the token goes.</summary>
    public FrozenDictionary<string, TokenIntrospection> Introspections { get; } = context.Options.AuthorizationServers
        .Where(server => server.Value is { Inbound: true, Introspection: not null })
        .ToFrozenDictionary(server => server.Key, server => pool.Introspect(SettingsMapping.Introspection(context.Connections[server.Key], server.Value), inactive));

    public AdmissionPolicy Build(ServerTopology topology, OutboundTarget onward, FrozenSet<string> forwarded)
    {
        var server = topology.Options;
        var sender = Sender(topology);
        return new AdmissionPolicy
        {
            Validator = Validator(topology, sender),
            Sender = sender,
            ForwardHeaders = forwarded,
            Certificates = certificates,
            AcceptedAudiences = topology.AcceptedAudiences,
            AllowedOrigins = server.AllowedOrigins.Append(context.PublicUrl).Select(CanonicalUri.Of).ToFrozenSet(StringComparer.Ordinal),
            AllowedClients = server.AllowedClients?.ToFrozenSet(StringComparer.Ordinal),
            RequiredClaims = [.. server.RequiredClaims.Select(claim => new RequiredClaim(claim.Claim!, claim.AnyOf!.ToFrozenSet(StringComparer.Ordinal)))],
            IdentityHeaders = [.. server.IdentityHeaders.Select(header => new IdentityHeader(header.Header!, header.Claim!))],
            Onward = onward,
        };
    }

    private TokenValidator Validator(ServerTopology topology, SenderPolicy sender)
    {
        var options = context.Options;
        var issuers = topology.InboundServers.Select(name =>
        {
            var issuer = options.AuthorizationServers[name];
            return new TrustedIssuer
            {
                Server = context.Connections[name],
                Algorithms = [.. issuer.Algorithms],
                TokenTypes = issuer.TokenTypes is { } types ? [.. types] : ExchangeProfile.Find(issuer.Profile)!.TokenTypes,
                ClockSkew = issuer.ClockSkew,
                MaxTokenLifetime = issuer.MaxTokenLifetime,
                CompanionAudiences = topology.CompanionAudiences(issuer),
                Introspection = Introspections.GetValueOrDefault(name),
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

    private SenderPolicy Sender(ServerTopology topology)
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
            settings, topology.Options.SenderConstraint == SenderConstraint.Required, pool.Replays(topology.Resource, SenderPolicy.Purpose, proofs.ReplayCapacity, context.Names), nonces, clock, pool.Ages(topology.Resource, proofs.MaxAge));
    }
}
