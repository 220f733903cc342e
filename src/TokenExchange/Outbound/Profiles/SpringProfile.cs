using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Spring Authorization Server 1.3 and later. It honours no target by itself: the result's audience shows whether it was taught to.</summary>
internal static class SpringProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("spring")
        {
            // Before Spring Security 7 its JWT library takes no other type.
            AssertionTyp = "JWT",

            // It names the parameter that it cannot read; a subject token that is not accepted is an invalid_grant.
            Errors = [new("invalid_request", ErrorMeaning.Configuration, "OAuth 2.0 Parameter")],
        },
        NamesActor = true,
        MaxOutlive = TimeSpan.FromMinutes(5),
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_request", "Resource must be an absolute URI without a fragment"),
            new(ExchangeError.TargetRefused, "invalid_scope", "the client is not registered for a scope"),
            new(ResultRejection.Audience, "no OAuth2TokenCustomizer puts the requested resource into aud"),
            new(ResultRejection.Shape, "scope is a list unless an OAuth2TokenCustomizer writes it as one string"),
        ],
    };
}
