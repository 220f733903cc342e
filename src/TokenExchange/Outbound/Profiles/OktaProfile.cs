namespace TokenExchange.Outbound.Profiles;

/// <summary>Okta with a custom authorization server, which has exactly one audience.</summary>
internal static class OktaProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("okta")
        {
            RsaAlgorithm = "RS256",

            // An unknown client is refused in the form of Okta's management API.
            OtherErrorMember = "errorCode",
        },
        TokenTypes = ["at+jwt", "JWT"],
        Target = TargetParameter.Audience,
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_client", "client id or key are not the registered ones, or AssertionAudience is not the token endpoint"),
            new(ExchangeError.Misconfigured, "unauthorized_client", "allow the grant 'Token Exchange' at the application"),
            new(ExchangeError.TargetRefused, "access_denied", "no rule of an access policy admits this client, the user and every scope"),
            new(ExchangeError.TargetRefused, "invalid_scope", "a scope is not defined at this authorization server; openid and offline_access cannot be had"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, its authorization server is not among the trusted servers, its aud is not that server's audience, or Audience is not this one's"),
        ],
    };
}
