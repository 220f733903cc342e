using TokenExchange.Issuers.Errors;

namespace TokenExchange.Outbound.Profiles;

/// <summary>OpenIddict 7: audiences, resources and scopes are permissions of the client; errors have numbers in <c>error_uri</c>.</summary>
internal static class OpenIddictProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("openiddict")
        {
            Errors =
            [
                // The client assertion: another audience, another issuer than its subject, more than one audience. The first two
                // are spelt as if the user's token were meant.
                new("invalid_grant", ErrorMeaning.Client, "ID2094"),
                new("invalid_grant", ErrorMeaning.Client, "ID2173"),
                new("invalid_request", ErrorMeaning.Client, "ID2172"),

                // A permission that the client lacks; a subject token that is not accepted is an invalid_grant.
                new("invalid_request", ErrorMeaning.Target, "not allowed to use the specified"),

                // A parameter that is missing, or a token type that is not supported.
                new("invalid_request", ErrorMeaning.Configuration, "parameter is missing"),
                new("invalid_request", ErrorMeaning.Configuration, "ID2032"),
            ],
        },
        ChecksSubjectFirst = true,
        Hints =
        [
            new(ExchangeError.Misconfigured, "invalid_client", "the key is not the registered one, or the assertion's audience is not exactly the issuer: mind the slash, and leave AssertionAudience out"),
            new(ExchangeError.Misconfigured, "invalid_grant", "the key is not the registered one, or the assertion's audience is not exactly the issuer: mind the slash, and leave AssertionAudience out"),
            new(ExchangeError.TargetRefused, null, "the application lacks the permission for the resource or audience, or for a scope"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, or names the gateway's client neither as audience nor as presenter"),
        ],
    };
}
