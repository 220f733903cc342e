using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Microsoft Entra ID: the on-behalf-of flow, which is a JWT bearer grant and names its target in the scope.</summary>
internal static class EntraProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("entra-obo")
        {
            AssertionTyp = "JWT",
            Errors =
            [
                // Whatever comes with a claims challenge is mended by the user.
                new("invalid_grant", ErrorMeaning.Interaction) { WithClaims = true },

                // Numbers say more than codes, and one number comes with several codes.
                .. Numbered(ErrorMeaning.Interaction, 50072, 50074, 50076, 50078, 50079, 50097, 50158, 53004, 65001, 65004, 90094),

                // Subjects: an application's own token, a token that is over or another application's, an account that is away.
                .. Numbered(ErrorMeaning.Subject, 7000114, 50013, 500131, 500133, 50173, 50020, 50034, 50053, 50055, 50057, 240002),

                // Conditional access without a challenge: no other token of this user from there is accepted either.
                new("invalid_grant", ErrorMeaning.Target, Number + "53000"),
                new("invalid_grant", ErrorMeaning.Target, Number + "53001"),
                new("invalid_grant", ErrorMeaning.Target, Number + "53002"),
                new("invalid_grant", ErrorMeaning.Target, Number + "53003"),

                // Targets: a resource, scope or application that the tenant does not have or has not subscribed to, that the
                // gateway's application does not list, or that the user is not assigned to.
                new("invalid_resource", ErrorMeaning.Target),
                .. Numbered(ErrorMeaning.Target, 500011, 500014, 50001, 50105, 65005, 650052, 650053, 650056, 650057, 70011, 9010010),

                // An endpoint of the wrong tenant, or a request of the wrong shape.
                .. Numbered(ErrorMeaning.Configuration, 90002, 900023, 900144, 9002313, 9002339),

                // The gateway's own application: unknown, disabled, or with a credential that is wrong or over.
                .. Numbered(ErrorMeaning.Client, 700016, 7000112, 7000215, 7000218, 7000222, 700024, 700025, 700027, 70021, 700211, 700212, 700213),

                // Any other number is about this request until somebody knows better: never held against all users.
                new("invalid_client", ErrorMeaning.Configuration, Number),
                new("unauthorized_client", ErrorMeaning.Configuration, Number),
            ],
        },
        TakesActorToken = false,
        TokenTypes = ["at+jwt", "JWT"],

        // `sub` is another one for each application.
        SubjectClaims = ["oid", "tid"],
        MaxLifetime = TimeSpan.FromMinutes(95),
        GrantType = TokenType.JwtBearerGrant,
        SubjectParameter = "assertion",
        SubjectTokenType = null,
        RequestedTokenType = null,
        OmitsIssuedTokenType = true,
        Target = TargetParameter.None,
        Scope = ScopeParameter.TargetDefault,
        FixedParameters = [new("requested_token_use", "on_behalf_of")],
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_client", "the secret or certificate is wrong, over, or not registered at the app"),
            new(ExchangeError.Misconfigured, "unauthorized_client", "Client:Id is no application of this tenant"),
            new(ExchangeError.Misconfigured, null, "the tenant in Issuer or TokenEndpoint is wrong, or this is no Entra endpoint"),
            new(ExchangeError.TargetRefused, "invalid_client", "Audience names an application that the tenant has no service principal for, or that the gateway's application does not list"),
            new(ExchangeError.TargetRefused, "invalid_resource", "Audience is not the App ID URI of an application in the tenant"),
            new(ExchangeError.TargetRefused, "invalid_grant", "the user is not assigned to the target application, that is not in the tenant, or Conditional Access keeps the user or the device out"),
            new(ExchangeError.InteractionRequired, null, "the user must consent or sign in again; grant admin consent to the gateway's delegated permissions"),
            new(ExchangeError.SubjectRefused, null, "the subject token must be a user's, not over, and for this very application (aud is Client:Id or its App ID URI)"),
            new(ResultRejection.Audience, "put the target's application id, a GUID, into ResultAudiences"),
            new(ResultRejection.Issuer, "a v1 resource: add https://sts.windows.net/TENANT/ as an authorization server and name it in ResultIssuer"),
            new(ResultRejection.Scope, "the result holds every consented permission: list the others in ExtraResultScopes"),
        ],
    };

    private const string Number = "AADSTS";

    private static List<ErrorRule> Numbered(ErrorMeaning meaning, params ReadOnlySpan<int> numbers)
    {
        var rules = new List<ErrorRule>();
        foreach (var number in numbers)
        {
            rules.Add(new(null, meaning, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Number}{number}")));
        }

        return rules;
    }
}
