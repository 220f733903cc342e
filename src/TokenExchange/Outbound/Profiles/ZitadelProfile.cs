using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Zitadel 2.49 and later: it narrows the audience of the subject token, and gives a JWT when asked for one.</summary>
internal static class ZitadelProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("zitadel")
        {
            RsaAlgorithm = "RS256",

            // Versions with a switch for the grant say so when it is off.
            Errors = [new("invalid_request", ErrorMeaning.Configuration, "TokenExchange.FeatureDisabled")],
        },
        NamesActor = true,
        Target = TargetParameter.Audience,
        RequestedTokenType = TokenType.Jwt,
        IssuedTokenType = TokenType.Jwt,
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_request", "switch on token exchange in the instance's feature settings"),
            new(ExchangeError.Misconfigured, "unauthorized_client", "allow the grant 'Token Exchange' at the application"),
            new(ExchangeError.TargetRefused, "invalid_target", "the subject token's aud must hold the target: clients ask for the scope urn:zitadel:iam:org:project:id:{id}:aud"),
            new(ExchangeError.TargetRefused, "invalid_scope", "scopes are only narrowed: the subject token must hold each"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, or its aud does not hold the gateway's client id or project"),
            new(ResultRejection.Lifetime, "lower the instance's access token lifetime; the default is twelve hours"),
        ],
    };
}
