using TokenExchange.Inbound;
using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Keycloak 26.2 and later: the standard token exchange, whose targets are clients of the realm.</summary>
internal static class KeycloakProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("keycloak")
        {
            Errors =
            [
                // A target that does not exist or is switched off is spelt as if our own credentials were wrong.
                new("invalid_client", ErrorMeaning.Target, "Audience not found"),
                new("invalid_client", ErrorMeaning.Target, "Client disabled"),
                new("invalid_request", ErrorMeaning.Target, "Requested audience not available"),

                // The switch of the client is off, or the feature is.
                new("invalid_request", ErrorMeaning.Configuration, "token exchange is not enabled"),
                new("invalid_request", ErrorMeaning.Configuration, "not supported for standard token exchange"),
                new("invalid_request", ErrorMeaning.Configuration, "requested_token_type unsupported"),
                new("invalid_request", ErrorMeaning.Configuration, "duplicated parameter"),
            ],
        },
        TokenTypes = ["at+jwt", "JWT"],
        ExtraResultScopes = ScopeSet.Of("openid", "profile", "email"),
        Target = TargetParameter.Audience,
        Hints =
        [
            new(ExchangeError.Misconfigured, "unauthorized_client", ProductHint.Credentials),
            new(ExchangeError.Misconfigured, "invalid_client", ProductHint.Credentials),
            new(ExchangeError.Misconfigured, "invalid_request", "switch on 'Standard token exchange' at the client"),
            new(ExchangeError.TargetRefused, "access_denied", "the gateway's client must be in the subject token's aud: add an audience mapper for it to a scope of the MCP clients"),
            new(ExchangeError.TargetRefused, "invalid_client", "Audience is not the id of an enabled client of the realm"),
            new(ExchangeError.TargetRefused, "invalid_request", "give the gateway's client a role or scope of the target, so that the audience is available to it"),
            new(ExchangeError.SubjectRefused, null, "the user's session has ended, or the token is of another realm or bound to its client's key or certificate"),
            new(ResultRejection.Scope, "the gateway's client has default client scopes: make them optional, or list them in ExtraResultScopes"),
            new(ResultRejection.Subject, "versions before the fix of CVE-2026-9704 dropped subject tokens over 4 000 characters; update"),
        ],
    };
}
