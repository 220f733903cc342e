using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Exchange;

/// <summary>
/// The grant of the first leg, looked at before it is spent at the second: refuses what is no ID-JAG, comes from another
/// identity provider, is for another authorization server, client or resource, or is over. Its signature is for the
/// authorization server that takes it.
/// </summary>
/// <remarks>draft-ietf-oauth-identity-assertion-authz-grant §4.3 and §4.4; RFC 8725 §3.11.</remarks>
internal static class IdJagGrant
{
    private const string Type = "oauth-id-jag+jwt";

    /// <summary>Null when the grant may be sent.</summary>
    public static ResultRejection? Rejection(string grant, string identityProvider, string authorizationServer, string clientId, string resource, DateTimeOffset now)
    {
        var token = new Jws(grant.AsMemory());
        if (!JwsChecks.All.Passes(token) || Jws.StringOf(token.Header, "typ") is not { } type || !JwtType.Is(type, Type))
        {
            return ResultRejection.Shape;
        }

        var claims = token.Payload;
        if (Jws.StringOf(claims, "iss") != identityProvider)
        {
            return ResultRejection.Issuer;
        }

        // One authorization server, and for one resource where the grant names any: who could take it elsewhere, would.
        if (Strings(claims, "aud") is not [var audience] || audience != authorizationServer || (Strings(claims, "resource") is { } resources && !resources.Contains(resource)))
        {
            return ResultRejection.Audience;
        }

        if (claims.TryGetProperty("client_id", out _) && Jws.StringOf(claims, "client_id") != clientId)
        {
            return ResultRejection.Actor;
        }

        return claims.TryGetProperty("exp", out var expiry) && expiry.ValueKind == JsonValueKind.Number && expiry.TryGetInt64(out var seconds) && seconds > now.ToUnixTimeSeconds()
            ? null
            : ResultRejection.Lifetime;
    }

    /// <summary>Null when the claim is absent; empty when it is no string and no list of strings.</summary>
    private static ImmutableArray<string>? Strings(JsonElement claims, string name) =>
        !claims.TryGetProperty(name, out var value) ? null : TokenClaims.TryReadStrings(value, out var strings) ? strings : [];
}
