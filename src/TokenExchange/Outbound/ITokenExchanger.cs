using TokenExchange.Inbound;
using TokenExchange.Outbound.Sender;

namespace TokenExchange.Outbound;

/// <summary>
/// Turns a validated inbound token into a token for one MCP server: asks an authorization server, mints, or passes the very
/// token on; a cache may stand before it.
/// </summary>
public interface ITokenExchanger
{
    /// <summary>Returns a token that is bound to the request's target and verified, or the reason why there is none.</summary>
    /// <remarks>Protocol errors and outages are values; only cancellation and bugs throw. RFC 8693 §2.</remarks>
    ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Drops what is remembered for the request, so that the next exchange is a fresh one; unless something newer than
    /// <paramref name="refused"/> is remembered already: of a hundred requests whose token the MCP server refused at once, one makes
    /// a new exchange necessary and the others find its result. Nothing, where nothing is remembered.
    /// </summary>
    void Forget(TokenExchangeRequest request, OutboundToken refused)
    {
    }
}

/// <summary>One exchange: whose token, for which server, with which scopes (empty: the parameter is omitted).</summary>
/// <param name="Subject">The token, validated for the very server that the target stands behind.</param>
/// <param name="Target">What is asked for.</param>
/// <param name="Scopes">The scopes to ask for.</param>
/// <exception cref="ArgumentException">The token was validated for another server: no exchanger ever sees one.</exception>
public sealed record TokenExchangeRequest(ValidatedToken Subject, OutboundTarget Target, ScopeSet Scopes)
{
    /// <summary>The token that is exchanged.</summary>
    public ValidatedToken Subject { get; } = Subject.Resource == Target.InboundResource ? Subject : throw new ArgumentException("The token was validated for another server.", nameof(Subject));

    /// <summary>What is asked for.</summary>
    public OutboundTarget Target { get; } = Target;

    /// <summary>The key that the token is to be bound to: one and the same for the whole exchange, also when it is rotated meanwhile. Null: a bearer token.</summary>
    public SenderKey? Sender { get; } = Target.Sender?.Current;

    /// <summary>The one call that a token minted here is to be good for; null: any.</summary>
    public BoundCall? Call { get; init; }
}

/// <summary>One call: its method, the name of what is called, null where the method has none, and the digest of its body's bytes.</summary>
/// <param name="Method">The JSON-RPC method; without a message of its own, the HTTP method.</param>
/// <param name="Name">The tool, prompt, resource or task; null where there is none.</param>
/// <param name="ContentDigest">The digest of the body as RFC 9530 writes it; without a body, of no bytes.</param>
public sealed record BoundCall(string Method, string? Name, string ContentDigest);
