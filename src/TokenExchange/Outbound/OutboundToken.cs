using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;
using TokenExchange.Outbound.Sender;

namespace TokenExchange.Outbound;

/// <summary>
/// A token for one MCP server that is fit to be sent: verified after an exchange, minted here, or validated for that
/// very server. Only this library creates one, so that an unverified token cannot be forwarded.
/// </summary>
public sealed class OutboundToken
{
    private string? hash;

    internal OutboundToken(string authorizationHeader) => AuthorizationHeader = authorizationHeader;

    /// <summary>The resource identifier of the gateway's server that the token may be forwarded for.</summary>
    public required string InboundResource { get; init; }

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

    /// <summary>The thumbprint of the key that the token is bound to (<c>cnf.jkt</c>); null for a bearer token.</summary>
    public string? BoundTo => Sender?.Thumbprint;

    /// <summary>The key that the token is bound to; null for a bearer token.</summary>
    internal SenderKey? Sender { get; init; }

    /// <summary>
    /// The proof that goes with the token in one request, by the key that the token is bound to and no other; null for a
    /// bearer token. Each request needs one of its own.
    /// </summary>
    /// <param name="method">The method of the request.</param>
    /// <param name="uri">The URI that the MCP server is known by, without query and fragment.</param>
    /// <param name="body">The bytes of the body.</param>
    /// <param name="nonce">The nonce that the MCP server asked for; null when it did not.</param>
    /// <param name="now">The time.</param>
    /// <remarks>RFC 9449 §4.2, §7.1, §9.</remarks>
    public string? ProofFor(string method, string uri, ReadOnlySpan<byte> body, string? nonce, DateTimeOffset now)
    {
        if (Sender is null)
        {
            return null;
        }

        hash ??= TokenDigest.Of(AuthorizationHeader.AsSpan(SchemeOf(Sender).Length)).ToString();
        return Sender.Proof(method, uri, now, hash, nonce, body.IsEmpty ? null : ContentDigest.Of(body));
    }

    /// <summary>What is written before a token in the header.</summary>
    internal static string SchemeOf(SenderKey? sender) => sender is null ? "Bearer " : "DPoP ";

    /// <summary>Names no part of the token.</summary>
    public override string ToString() => $"outbound token expiring {ExpiresAt:O}";
}
