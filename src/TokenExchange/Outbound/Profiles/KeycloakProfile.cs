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
    };
}
