using Deputy.Families;

namespace Deputy.Attacks;

/// <summary>All cases, by family, in the order in which a request meets what they attack.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Case> All { get; } =
    [
        .. AudienceCases.All,
        .. TokenCases.All,
        .. CredentialCases.All,
        .. DiscoveryCases.All,
        .. RoutingCases.All,
        .. ParserCases.All,
        .. SessionCases.All,
        .. ResultCases.All,
        .. AuthorityCases.All,
        .. HopCases.All,
        .. CacheCases.All,
        .. PassthroughCases.All,
        .. HostileCases.All,
        .. OutageCases.All,
        .. RevocationCases.All,
        .. LateCases.All,
        .. SenderCases.All,
        .. CallCases.All,
        .. PolicyCases.All,
        .. FrontCases.All,
    ];
}
