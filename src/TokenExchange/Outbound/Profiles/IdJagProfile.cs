using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>
/// Cross-app access in two legs: the identity provider gives a grant for the authorization server of the target, and that
/// one gives the token. The draft may still change.
/// </summary>
/// <remarks>draft-ietf-oauth-identity-assertion-authz-grant.</remarks>
internal static class IdJagProfile
{
    private const string NotTheOneAskedFor =
        "the grant or the token is not the one asked for: ID-JAG of AuthorizationServer, for the issuer of ResultIssuer, this Resource and this client";

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
        Hints =
        [
            new(ExchangeError.InteractionRequired, null, "the identity provider wants the user to sign in more strongly"),
            new(ExchangeError.TargetRefused, null, "the identity provider's policy does not let this client have this resource, or does not know it"),
            new(ExchangeError.SubjectRefused, null, "the identity provider does not take this token as a subject, or the second authorization server does not trust it"),
            new(ResultRejection.Audience, NotTheOneAskedFor),
            new(ResultRejection.Issuer, NotTheOneAskedFor),
            new(ResultRejection.Actor, NotTheOneAskedFor),
            new(ResultRejection.Shape, NotTheOneAskedFor),
        ],
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
