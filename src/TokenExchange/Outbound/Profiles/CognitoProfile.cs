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
    };
}
