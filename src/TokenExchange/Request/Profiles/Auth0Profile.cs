namespace TokenExchange.Request.Profiles;

/// <summary>Auth0: on-behalf-of token exchange, whose targets are APIs of the tenant.</summary>
internal static class Auth0Profile
{
    public static readonly ExchangeProfile Value = new()
    {
        Name = "auth0-obo",
        TokenTypes = ["at+jwt", "JWT"],
        Target = TargetParameter.Audience,

        // With the scope openid, its access tokens are for the userinfo endpoint as well.
        Companions = issuer => [issuer.EndsWith('/') ? issuer + "userinfo" : issuer + "/userinfo"],
    };
}
