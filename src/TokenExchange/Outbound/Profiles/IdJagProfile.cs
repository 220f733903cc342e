using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>
/// Cross-app access in two legs: the identity provider gives a grant for the authorization server of the target, and that
/// one gives the token. The draft may still change.
/// </summary>
/// <remarks>draft-ietf-oauth-identity-assertion-authz-grant.</remarks>
internal static class IdJagProfile
{
    /// <summary>The first leg, at the identity provider.</summary>
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("id-jag"),
        IsExperimental = true,
        TakesActorToken = false,
        TakesForeignSubjects = true,
        RequestedTokenType = TokenType.IdJag,
        IssuedTokenType = TokenType.IdJag,
        Target = TargetParameter.IssuerAndResource,
    };

    /// <summary>The second leg, at the authorization server of the target; its subject is the grant.</summary>
    public static readonly ExchangeProfile Grant = new()
    {
        Dialect = new("id-jag")
        {
            Errors =
            [
                // The grant came from the identity provider a moment ago; a request that is refused whole is of our making.
                new("invalid_request", ErrorMeaning.Configuration),
            ],
        },
        GrantType = TokenType.JwtBearerGrant,
        SubjectParameter = "assertion",
        SubjectTokenType = null,
        RequestedTokenType = null,
        OmitsIssuedTokenType = true,
        Target = TargetParameter.None,
        Scope = ScopeParameter.None,
    };
}
