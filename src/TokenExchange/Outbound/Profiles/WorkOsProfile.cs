namespace TokenExchange.Outbound.Profiles;

/// <summary>WorkOS Connect (November 2026): a first-party app exchanges a token of one registered resource for one of another.</summary>
internal static class WorkOsProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("workos"),
        Target = TargetParameter.Resource,
    };
}
