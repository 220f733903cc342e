namespace TokenExchange.AspNetCore;

/// <summary>Names that <c>AddHopToken</c> uses when none are given.</summary>
public static class HopTokenDefaults
{
    /// <summary>The name of the authentication scheme.</summary>
    public const string AuthenticationScheme = "HopToken";
}
