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
        NamesActor = true,
        Target = TargetParameter.Audience,
        Hints =
        [
            new(ExchangeError.TargetRefused, null, "the target's provider must list the gateway's under 'Federated OAuth2/OpenID Providers' and have an application"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, its provider is not federated with the gateway's, 'Token exchange' is no grant type of it, or the target's policies keep the user out"),
            new(ResultRejection.Issuer, "the target's provider signs: add it as an authorization server and name it in ResultIssuer"),
            new(ResultRejection.Signature, "the target's provider signs: add it as an authorization server and name it in ResultIssuer"),
        ],
    };
}
