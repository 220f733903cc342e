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

            // A parameter that it cannot read, or a token that is not of the type that was named; one that is not accepted is an invalid_grant.
            Errors = [new("invalid_request", ErrorMeaning.Configuration)],
        },
        NamesActor = true,
        MaxOutlive = TimeSpan.FromMinutes(5),
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_request", "Resource must be an absolute URI without a fragment; an ActorToken of Type jwt must be one"),
            new(ExchangeError.TargetRefused, "invalid_scope", "the client is not registered for a scope"),
            new(ResultRejection.Audience, "no OAuth2TokenCustomizer puts the requested resource into aud"),
            new(ResultRejection.Shape, "scope is a list unless an OAuth2TokenCustomizer writes it as one string"),
        ],
    };
}
