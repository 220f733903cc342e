namespace Gateway.Configure.Rules;

/// <summary>What follows from an authorization server's profile by default.</summary>
internal static class ProfileFacts
{
    /// <summary>Products that stamp nothing better than JWT.</summary>
    public static bool AdmitsJwt(string profile) => profile is "keycloak" or "entra-obo" or "auth0-obo" or "okta";

    public static TimeSpan MaxLifetime(string profile) => profile == "entra-obo" ? new TimeSpan(1, 35, 0) : TimeSpan.FromHours(1);

    public static string[] SubjectClaims(string profile) => profile == "entra-obo" ? ["oid", "tid"] : ["sub"];
}
