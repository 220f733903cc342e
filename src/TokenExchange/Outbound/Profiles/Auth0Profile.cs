using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Auth0: on-behalf-of token exchange, whose targets are APIs of the tenant.</summary>
internal static class Auth0Profile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("auth0-obo")
        {
            Errors =
            [
                // A wrong secret is spelt as a policy's refusal, which comes with 403 and says more.
                new("access_denied", ErrorMeaning.Client, "Unauthorized") { Status = 401 },
                new("mfa_required", ErrorMeaning.Interaction),
                new("invalid_request", ErrorMeaning.ActorChain, "Delegation chain"),
            ],
        },
        TokenTypes = ["at+jwt", "JWT"],
        Target = TargetParameter.Audience,

        // With the scope openid, its access tokens are for the userinfo endpoint as well.
        Companions = issuer => [issuer.EndsWith('/') ? issuer + "userinfo" : issuer + "/userinfo"],
        Hints =
        [
            new(ExchangeError.Misconfigured, "access_denied", ProductHint.Credentials),
            new(ExchangeError.Misconfigured, "unauthorized_client", "switch on 'On-Behalf-Of Token Exchange' at the application, which must be a Custom API client"),
            new(ExchangeError.TargetRefused, null, "Audience is no API of the tenant, or the application has no user-delegated grant for it"),
            new(ExchangeError.ActorChainRefused, null, "the subject token holds more than four actors already"),
            new(ExchangeError.InteractionRequired, null, "an Action or policy asks for a second factor; it must not for token exchanges"),
            new(ResultRejection.Lifetime, "lower the API's token lifetime; the default is a day"),
        ],
    };
}
