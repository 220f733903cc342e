using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace TokenExchange.Outbound;

/// <summary>
/// A token for one MCP server that is fit to be sent: verified after an exchange, minted here, or validated for that
/// very server. Only this library creates one, so that an unverified token cannot be forwarded.
/// </summary>
public sealed class OutboundToken
{
    /// <summary>What is written before the token in the header.</summary>
    internal const string Scheme = "Bearer ";

    internal OutboundToken(string authorizationHeader) => AuthorizationHeader = authorizationHeader;

    /// <summary>The resource identifier of the gateway's server that the token may be forwarded for.</summary>
    public required string Server { get; init; }

    /// <summary>The audiences of the token; the requested one when the token is opaque.</summary>
    public required ImmutableArray<string> Audiences { get; init; }

    /// <summary>The scopes of the token.</summary>
    public required ScopeSet Scopes { get; init; }

    /// <summary>The token's id (<c>jti</c>), null when it has none or is opaque.</summary>
    public required string? TokenId { get; init; }

    /// <summary>When the token expires.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How far the clock that set the expiry may be off.</summary>
    public TimeSpan ClockSkew { get; internal init; }

    /// <summary>From when on the token is not sent any more.</summary>
    public DateTimeOffset SentUntil => ExpiresAt + ClockSkew;

    /// <summary>The value of the <c>Authorization</c> header, scheme included. Goes to the MCP server and nowhere else.</summary>
    public string AuthorizationHeader { get; }

    /// <summary>The key that a token minted here was signed with; null for tokens of an authorization server.</summary>
    internal SigningKey? Signer { get; init; }

    /// <summary>Names no part of the token.</summary>
    public override string ToString() => $"outbound token expiring {ExpiresAt:O}";
}
