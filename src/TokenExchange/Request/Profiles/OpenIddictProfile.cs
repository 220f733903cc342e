namespace TokenExchange.Request.Profiles;

/// <summary>OpenIddict 7: audiences and resources are permissions of the client.</summary>
internal static class OpenIddictProfile
{
    public static readonly ExchangeProfile Value = new() { Name = "openiddict" };
}
