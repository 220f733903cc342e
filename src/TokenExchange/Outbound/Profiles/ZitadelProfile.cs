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
    };
}
