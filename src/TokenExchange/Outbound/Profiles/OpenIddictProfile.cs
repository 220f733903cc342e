namespace TokenExchange.Outbound.Profiles;

/// <summary>OpenIddict 7: audiences, resources and scopes are permissions of the client.</summary>
internal static class OpenIddictProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Name = "openiddict",
        Errors =
        [
            // A permission that the client lacks; a subject token that is not accepted is an invalid_grant.
            new("invalid_request", ErrorMeaning.Target, "not allowed to use the specified"),
            new("invalid_request", ErrorMeaning.Configuration, "parameter is missing"),
        ],
    };
}
