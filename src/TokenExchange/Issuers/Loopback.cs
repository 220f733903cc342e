using System.Net;

namespace TokenExchange.Issuers;

/// <summary>The one rule of where plain http may go: hosts whose traffic never leaves this machine.</summary>
/// <remarks>RFC 8252 §8.3 on <c>localhost</c>, which is taken for what it says; RFC 6890 for the addresses.</remarks>
public static class Loopback
{
    /// <summary>Whether a host is <c>localhost</c> or a loopback address, an IPv6 one with or without brackets; no other name is trusted to lead there.</summary>
    public static bool Is(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host is ['[', .. var inner, ']'] ? inner : host, out var address) && IPAddress.IsLoopback(address));
    }

    /// <summary>The same of the host of an absolute address.</summary>
    public static bool Is(Uri address) => Is(HostName.InAscii(address));
}
