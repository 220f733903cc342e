using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>authentik 2026.8 and later: the target is another provider, which also signs the result.</summary>
internal static class AuthentikProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("authentik")
        {
            RsaAlgorithm = "RS256",

            // A subject token that is not accepted is an invalid_grant here.
            Errors = [new("invalid_request", ErrorMeaning.Configuration, "otherwise malformed")],
        },
        Target = TargetParameter.Audience,
    };
}
