namespace TokenExchange.Request.Profiles;

/// <summary>authentik 2026.8 and later: the target is another provider, which also signs the result.</summary>
internal static class AuthentikProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Name = "authentik",
        Target = TargetParameter.Audience,
        RsaAlgorithm = "RS256",
    };
}
