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
    };
}
