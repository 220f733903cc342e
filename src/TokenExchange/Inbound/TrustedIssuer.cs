using System.Collections.Immutable;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Issuers;

namespace TokenExchange.Inbound;

/// <summary>An issuer whose tokens one server accepts, and on what terms.</summary>
public sealed record TrustedIssuer
{
    /// <summary>The issuer's keys and connection.</summary>
    public required AuthorizationServer Server { get; init; }

    /// <summary>The signature algorithms accepted from it; asymmetric only.</summary>
    public required ImmutableArray<string> Algorithms { get; init; }

    /// <summary>The header types accepted from it: <c>at+jwt</c> (which stands for <c>application/at+jwt</c> too), and <c>JWT</c> where the product stamps nothing better.</summary>
    public required ImmutableArray<string> TokenTypes { get; init; }

    /// <summary>How far the issuer's clock may be off.</summary>
    public required TimeSpan ClockSkew { get; init; }

    /// <summary>The longest life of a token.</summary>
    public required TimeSpan MaxTokenLifetime { get; init; }

    /// <summary>Audiences that may stand beside the server's own. They never identify a server.</summary>
    public required ImmutableArray<string> CompanionAudiences { get; init; }

    /// <summary>Asks the issuer whether tokens are active; null: it is not asked.</summary>
    public TokenIntrospection? Introspection { get; init; }
}

/// <summary>What a token must be minted for to be accepted at one server.</summary>
/// <param name="Resource">The server's resource identifier.</param>
/// <param name="Accepted">The <c>aud</c> values that identify the server: the resource identifier and exact aliases.</param>
/// <param name="AllowOthers">Whether foreign audiences may stand beside the server's own.</param>
public sealed record ResourceAudience(string Resource, ImmutableArray<string> Accepted, bool AllowOthers);
