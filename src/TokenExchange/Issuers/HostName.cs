namespace TokenExchange.Issuers;

/// <summary>The host of an address as others will look it up.</summary>
/// <remarks>RFC 5890.</remarks>
public static class HostName
{
    /// <summary>The host in ASCII, an IPv6 address without brackets; as it is written where it is no name in any script, for which <see cref="Uri.IdnHost"/> throws.</summary>
    public static string InAscii(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        try
        {
            return address.IdnHost;
        }
        catch (UriFormatException)
        {
            return address.Host;
        }
    }
}
