using TokenExchange.Inbound;

using System.Text.Json;

namespace TokenExchange.Outbound.Exchange;

/// <summary>
/// What counts of a successful answer of a token endpoint, its shape already checked. <paramref name="Scope"/> is null
/// when the answer named none, <paramref name="ExpiresIn"/> when it gave no lifetime.
/// </summary>
/// <remarks>RFC 8693 §2.2.1.</remarks>
internal sealed record TokenResponse(string AccessToken, ScopeSet? Scope, TimeSpan? ExpiresIn)
{
    /// <summary>The authorization details that the answer says were granted (RFC 9396 §7); undefined without.</summary>
    public JsonElement Details { get; init; }

    public override string ToString() => "token response";
}
