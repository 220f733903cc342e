namespace TokenExchange.Outbound.Profiles;

/// <summary>WorkOS Connect (November 2026): a first-party app exchanges a token of one registered resource for one of another.</summary>
internal static class WorkOsProfile
{
    public static readonly ExchangeProfile Value = new()
    {
        Dialect = new("workos"),
        Target = TargetParameter.Resource,
        Hints =
        [
            new(ExchangeError.Misconfigured, "unauthorized_client", "only first-party Connect applications may exchange"),
            new(ExchangeError.Misconfigured, "invalid_client", ProductHint.Credentials),
            new(ExchangeError.TargetRefused, null, "Resource is not a registered resource of the environment, or a scope is not the subject token's"),
            new(ExchangeError.SubjectRefused, null, "the subject token is over, or not of this environment"),
        ],
    };
}
