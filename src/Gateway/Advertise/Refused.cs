using System.Diagnostics.CodeAnalysis;
using TokenExchange.Inbound;

namespace Gateway.Advertise;

/// <summary>A refusal with what is particular to this one.</summary>
/// <param name="Kind">Which refusal.</param>
/// <param name="Detail">More for log and audit, never for the client: a fixed code, or a peer's words, cut and without credentials.</param>
/// <param name="Scopes">The scopes that a step-up challenge names, as the client asks for them.</param>
/// <param name="Claims">The claims challenge of an authorization server, re-serialised.</param>
/// <param name="RetryAfter">When to come back.</param>
internal sealed record Refused(Refusal Kind, string? Detail = null, ScopeSet? Scopes = null, string? Claims = null, TimeSpan? RetryAfter = null)
{
    /// <summary>The authorization details that would be enough, as a JSON array.</summary>
    /// <remarks>RFC 9396.</remarks>
    public string? AuthorizationDetails { get; init; }

    [return: NotNullIfNotNull(nameof(kind))]
    public static implicit operator Refused?(Refusal? kind) => kind is null ? null : new(kind);
}
