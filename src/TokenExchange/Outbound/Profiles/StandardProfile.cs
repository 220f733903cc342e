using TokenExchange.Issuers;

namespace TokenExchange.Outbound.Profiles;

/// <summary>An authorization server that does as RFC 8693 and RFC 8707 say.</summary>
internal static class StandardProfile
{
    public static readonly ExchangeProfile Value = new() { Dialect = ServerDialect.Standard };
}
