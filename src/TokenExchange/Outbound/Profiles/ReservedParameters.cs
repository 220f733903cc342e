using System.Collections.Frozen;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Parameters that <c>ExtraParameters</c> may not name.</summary>
internal static class ReservedParameters
{
    public static readonly FrozenSet<string> Names = new[]
    {
        // RFC 8693, RFC 8707 and RFC 9396
        "grant_type", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type", "resource", "audience", "scope",
        "authorization_details",

        // RFC 6749, RFC 7521, RFC 7636, RFC 8628, RFC 9101, RFC 9126, OpenID Connect and CIBA
        "client_id", "client_secret", "client_assertion", "client_assertion_type", "assertion", "code", "code_verifier", "code_challenge", "code_challenge_method",
        "redirect_uri", "response_type", "response_mode", "state", "nonce", "username", "password", "refresh_token", "device_code", "auth_req_id", "request",
        "request_uri", "token", "token_type_hint", "claims", "prompt", "max_age", "acr_values", "id_token_hint", "login_hint", "iss", "dpop_jkt",

        // Products: on-behalf-of at Entra, and whom or what Keycloak's older exchange impersonates
        "requested_token_use", "requested_subject", "requested_issuer", "subject_issuer",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
