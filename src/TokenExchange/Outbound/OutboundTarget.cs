using System.Collections.Frozen;
using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Outbound.Sender;

namespace TokenExchange.Outbound;

/// <summary>The MCP server behind one route, as an exchange sees it: what to ask for and what to accept.</summary>
public sealed record OutboundTarget
{
    /// <summary>
    /// What inbound tokens are minted for: the resource identifier of the gateway's own server. A token is exchanged for this target
    /// only when this is its <see cref="ValidatedToken.Resource"/>, and what is issued is forwarded for it alone.
    /// </summary>
    public required string InboundResource { get; init; }

    /// <summary>The RFC 8707 identifier of the MCP server.</summary>
    public required string Resource { get; init; }

    /// <summary>The logical name of the MCP server at authorization servers that want <c>audience</c>; null: <see cref="Resource"/> is asked for.</summary>
    public string? Audience { get; init; }

    /// <summary>The audiences that a result may carry; at least one, and the result carries no other.</summary>
    public required ImmutableArray<string> ResultAudiences { get; init; }

    /// <summary>
    /// Whether <see cref="ResultAudiences"/>, <see cref="Resource"/> and <see cref="Audience"/> were all configured; only then
    /// are both target parameters sent.
    /// </summary>
    public bool ResultAudiencesGiven { get; init; }

    /// <summary>Whether the result is a JWT; an opaque one cannot be verified by signature.</summary>
    public bool ResultIsJwt { get; init; } = true;

    /// <summary>Scopes that the authorization server adds by itself and that do not count as wider.</summary>
    public ScopeSet ExtraResultScopes { get; init; } = ScopeSet.Empty;

    /// <summary>Claims that must be present in the subject token and the result, and equal.</summary>
    public ImmutableArray<string> SubjectClaims { get; init; } = ["sub"];

    /// <summary>The longest life of a result.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long past the end of the inbound token a result may live; null: as long as <see cref="MaxLifetime"/>.</summary>
    public TimeSpan? MaxOutlive { get; init; }

    /// <summary>Whether the authorization details of a result must be among the inbound token's, and some where it has some.</summary>
    /// <remarks>RFC 9396.</remarks>
    public bool KeepsDetails { get; init; } = true;

    /// <summary>Whether the inbound chain of actors must be found whole in a result.</summary>
    /// <remarks>RFC 8693 §4.1.</remarks>
    public bool KeepsActors { get; init; } = true;

    /// <summary>Whether a result must name the actor whose token was sent along; the product promises that it does.</summary>
    public bool NamesActor { get; init; }

    /// <summary>For each trusted inbound issuer at which the gateway is a client, that client: whom a <c>may_act</c> of the issuer may name.</summary>
    /// <remarks>RFC 8693 §4.4.</remarks>
    public FrozenDictionary<string, string> ClientsAtIssuers { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>Whether a token of the gateway's own takes the place of the inbound one, whose <c>may_act</c> must let it; false where that one goes on itself, or none does.</summary>
    public bool ActsForSubject { get; init; } = true;

    /// <summary>Whether that token can express the inbound one's authorization details; else a token with any is refused.</summary>
    /// <remarks>RFC 9396.</remarks>
    public bool TakesDetails { get; init; } = true;

    /// <summary>Types of authorization details that speak to the gateway alone: they are neither carried over nor missed.</summary>
    public ImmutableArray<string> DetailsAside { get; init; } = [];

    /// <summary>For each trusted inbound issuer, every audience that some server of the gateway accepts from it: a result that names one could be played back, and is none.</summary>
    public required FrozenDictionary<string, FrozenSet<string>> InboundAudiences { get; init; }

    /// <summary>The keys that tokens for the target are bound to; null: they are bearer tokens.</summary>
    /// <remarks>RFC 9449.</remarks>
    public SenderKeys? Sender { get; init; }

    /// <summary>The client at the authorization server, named by an <c>act</c> claim that is about us; null with the local issuer.</summary>
    public string? ClientId { get; init; }

    /// <summary>
    /// A digest over all settings, without credentials, that decide what is asked for and accepted: part of the cache
    /// key, so that an entry survives a reload exactly when nothing it depends on has changed.
    /// </summary>
    public required string SettingsDigest { get; init; }
}
