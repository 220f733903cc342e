namespace TokenExchange.Request.Profiles;

/// <summary>Zitadel 2.49 and later: it narrows the audience of the subject token, and gives a JWT when asked for one.</summary>
internal static class ZitadelProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Name = "zitadel",
        Target = TargetParameter.Audience,
        RequestedTokenType = TokenType.Jwt,
        IssuedTokenType = TokenType.Jwt,
        RsaAlgorithm = "RS256",
    };
}
