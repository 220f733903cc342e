using System.Collections.Frozen;
using System.Collections.Immutable;
using TokenExchange.Inbound;

namespace TokenExchange.Outbound;

/// <summary>The MCP server behind one route, as an exchange sees it: what to ask for and what to accept.</summary>
public sealed record OutboundTarget
{
    /// <summary>The resource identifier of the gateway's own server; a token issued for this target is forwarded for it alone.</summary>
    public required string Server { get; init; }

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

    /// <summary>For each trusted inbound issuer, every audience that some server of the gateway accepts from it.</summary>
    public FrozenDictionary<string, FrozenSet<string>> InboundAudiences { get; init; } = FrozenDictionary<string, FrozenSet<string>>.Empty;

    /// <summary>The client at the authorization server, named by an <c>act</c> claim that is about us; null with the local issuer.</summary>
    public string? ClientId { get; init; }

    /// <summary>
    /// A digest over all settings, without credentials, that decide what is asked for and accepted: part of the cache
    /// key, so that an entry survives a reload exactly when nothing it depends on has changed.
    /// </summary>
    public required string SettingsDigest { get; init; }
}
