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
    };
}
