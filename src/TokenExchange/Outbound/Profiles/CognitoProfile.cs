namespace TokenExchange.Outbound.Profiles;

/// <summary>
/// Amazon Cognito user pools with token exchange (November 2026): one audience, narrower scopes, no refresh token; <c>act</c>
/// names whoever an actor token names. Its access tokens stamp no type, so that TokenTypes has
/// to admit JWT.
/// </summary>
internal static class CognitoProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("cognito"),
        NamesActor = true,
        Target = TargetParameter.Audience,
        Hints =
        [
            new(ExchangeError.Misconfigured, "unauthorized_client", "add ALLOW_TOKEN_EXCHANGE_IMPERSONATION to the app client's ExplicitAuthFlows (ALLOW_TOKEN_EXCHANGE_DELEGATION with an actor token)"),
            new(ExchangeError.Misconfigured, "invalid_client", ProductHint.Credentials),
            new(ExchangeError.TargetRefused, null, "Audience is no resource server of the user pool, or a scope is not one of its"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, revoked, or not an access token of this user pool"),
        ],
    };
}
