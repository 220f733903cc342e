using TokenExchange.Issuers;
using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Tokendings: a broker that takes tokens of other issuers and issues its own, for one application.</summary>
internal static class TokendingsProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("tokendings")
        {
            RsaAlgorithm = "RS256",

            // Its JWT library takes no other type.
            AssertionTyp = "JWT",
            Errors =
            [
                // One code for all: the subject token, the target, its access policy, and the gateway's assertion.
                new("invalid_request", ErrorMeaning.Configuration, "cannot validate token from issuer"),
                new("invalid_request", ErrorMeaning.Subject, "invalid subject_token"),
                new("invalid_request", ErrorMeaning.Target, "is not authorized to get token with aud"),
                new("invalid_request", ErrorMeaning.Target, "token exchange audience"),
                new("invalid_request", ErrorMeaning.Configuration),
            ],
        },
        TakesActorToken = false,
        MaxOutlive = TimeSpan.FromMinutes(5),
        TakesForeignSubjects = true,
        ClientAuthentication = [ClientAuthenticationMethod.PrivateKeyJwt, ClientAuthenticationMethod.AssertionFile],
        SubjectTokenType = TokenType.Jwt,
        RequestedTokenType = null,
        Target = TargetParameter.Audience,
        Scope = ScopeParameter.None,
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_request", "it does not trust the inbound issuer, or not the assertion: RSA key, aud is its issuer (older versions: AssertionAudience is the token endpoint)"),
            new(ExchangeError.TargetRefused, null, "the target's access policy must name the gateway's client; Audience is cluster:namespace:app"),
            new(ResultRejection.Scope, "it copies the subject token's scopes: leave Scopes and ScopeMap out, and list openid and the like in ExtraResultScopes"),
            new(ResultRejection.Actor, "it copies the subject token's act, which names another actor than the gateway"),
        ],
    };
}
