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
                new("invalid_request", ErrorMeaning.Configuration, "validator for issuer"),
                new("invalid_request", ErrorMeaning.Subject, "invalid subject_token"),
                new("invalid_request", ErrorMeaning.Target, "is not authorized to get token with aud"),
                new("invalid_request", ErrorMeaning.Target, "token exchange audience"),
                new("invalid_request", ErrorMeaning.Configuration),
            ],
        },
        TakesActorToken = false,
        MaxOutlive = TimeSpan.FromMinutes(5),
        TakesForeignSubjects = true,
        ClientAuthentication = ["private_key_jwt", "assertion_file"],
        SubjectTokenType = TokenType.Jwt,
        RequestedTokenType = null,
        Target = TargetParameter.Audience,
        Scope = ScopeParameter.None,
    };
}
