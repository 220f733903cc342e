namespace TokenExchange.Outbound.Profiles;

/// <summary>Microsoft Entra ID: the on-behalf-of flow, which is a JWT bearer grant and names its target in the scope.</summary>
internal static class EntraProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Name = "entra-obo",
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
        AssertionTyp = "JWT",
        Errors =
        [
            // Resource, scope or application that does not exist in the tenant.
            new("invalid_resource", ErrorMeaning.Target),
            new("invalid_grant", ErrorMeaning.Target, "AADSTS500011"),
            new("invalid_grant", ErrorMeaning.Target, "AADSTS50105"),
            new("invalid_grant", ErrorMeaning.Interaction) { WithClaims = true },
            new("invalid_grant", ErrorMeaning.Interaction, "AADSTS50076"),
            new("invalid_grant", ErrorMeaning.Interaction, "AADSTS50079"),
            new("invalid_grant", ErrorMeaning.Interaction, "AADSTS65001"),

            // An endpoint of the wrong tenant, or a request of the wrong shape.
            new("invalid_request", ErrorMeaning.Configuration, "AADSTS90002"),
            new("invalid_request", ErrorMeaning.Configuration, "AADSTS900144"),
            new("invalid_request", ErrorMeaning.Configuration, "AADSTS9002313"),
            new("invalid_request", ErrorMeaning.Configuration, "AADSTS9002339"),
        ],
    };
}
