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

            Errors =
            [
                // Versions with a switch for the grant say so when it is off; so does the one for actor tokens.
                new("invalid_request", ErrorMeaning.Configuration, "TokenExchange.FeatureDisabled"),
                new("invalid_request", ErrorMeaning.Configuration, "Impersonation.PolicyDisabled"),
                new("invalid_request", ErrorMeaning.Configuration, "actor_token invalid"),

                // The actor may not act for this user. A subject token that is not accepted comes with 400.
                new("invalid_request", ErrorMeaning.Target) { Status = 403 },
                new("invalid_request", ErrorMeaning.Target, "membership not found"),
            ],
        },
        NamesActor = true,
        Target = TargetParameter.Audience,
        RequestedTokenType = TokenType.Jwt,
        IssuedTokenType = TokenType.Jwt,
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_request", "switch on token exchange in the instance's feature settings; for an ActorToken, impersonation as well: its Type is access_token or id_token"),
            new(ExchangeError.TargetRefused, "invalid_request", "the actor needs a role of an impersonator where the user is"),
            new(ExchangeError.Misconfigured, "unauthorized_client", "allow the grant 'Token Exchange' at the application"),
            new(ExchangeError.TargetRefused, "invalid_target", "the subject token's aud must hold the target: clients ask for the scope urn:zitadel:iam:org:project:id:{id}:aud"),
            new(ExchangeError.TargetRefused, "invalid_scope", "scopes are only narrowed: the subject token must hold each"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, or its aud does not hold the gateway's client id or project"),
            new(ResultRejection.Lifetime, "lower the instance's access token lifetime; the default is twelve hours"),
        ],
    };
}
