using System.Net;
using System.Net.Sockets;
using TokenExchange.Issuers;

namespace Gateway.Configuration.Rules;

/// <summary>An address that the gateway listens on, as a destination could reach it from the same machine.</summary>
internal sealed class ListenedAt
{
    private readonly BindingAddress address;

    private ListenedAt(BindingAddress address) => this.address = address;

    /// <summary>Null for what is no address, and for a port that the operating system chooses.</summary>
    public static ListenedAt? Of(string? url) => HostRules.AddressOf(url) is { } address && (address.IsUnixPipe || address.Port > 0) ? new ListenedAt(address) : null;

    /// <summary>
    /// Whether a connection to <paramref name="destination"/> ends here: at the very address, or, where every interface is
    /// listened on, at any name of this machine that the configuration shows: loopback and the public one.
    /// </summary>
    public bool Takes(Uri destination, string? publicUrl)
    {
        if (address.IsUnixPipe)
        {
            return destination.OriginalString.StartsWith($"http://unix:{address.UnixPipePath}", StringComparison.OrdinalIgnoreCase);
        }

        if (destination.Port != address.Port)
        {
            return false;
        }

        var (here, there) = (HostOf(address.Host), HostOf(HostName.InAscii(destination)));
        if (IsEveryInterface(here))
        {
            return IsEveryInterface(there) || Loopback.Is(destination)
                || (ConfiguredUrl.TryParse(publicUrl, out var ours) && HostOf(HostName.InAscii(ours)).Equals(there, StringComparison.OrdinalIgnoreCase));
        }

        // Connecting to "every interface" connects to this machine, and a name for loopback is both of its addresses.
        return here.Equals(there, StringComparison.OrdinalIgnoreCase)
            || (Loopback.Is(here) && (IsEveryInterface(there) || (Loopback.Is(there) && (!IPAddress.TryParse(here, out _) || !IPAddress.TryParse(there, out _)))));
    }

    /// <summary>Whether one of both could not begin to listen while the other does.</summary>
    public bool Excludes(ListenedAt other) =>
        address.IsUnixPipe || other.address.IsUnixPipe ? address.IsUnixPipe && other.address.IsUnixPipe && address.UnixPipePath == other.address.UnixPipePath
        : address.Port == other.address.Port && Bound.Any(one => other.Bound.Any(two => one.Equals(two) || Holds(one, two) || Holds(two, one)));

    /// <summary>Whether it is one of the endpoints that Kestrel binds for this address.</summary>
    public bool Binds(EndPoint endpoint) => endpoint switch
    {
        UnixDomainSocketEndPoint socket => address.IsUnixPipe && socket.ToString() == address.UnixPipePath,
        IPEndPoint ip => !address.IsUnixPipe && ip.Port == address.Port && Bound.Any(bound => bound.Equals(ip.Address) || (bound.Equals(IPAddress.IPv6Any) && ip.Address.Equals(IPAddress.Any))),
        _ => false,
    };

    /// <summary>What Kestrel binds: both addresses of localhost, and every interface for a name.</summary>
    private IPAddress[] Bound =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
        : [IPAddress.TryParse(HostOf(address.Host), out var ip) ? ip : IPAddress.IPv6Any];

    private static bool Holds(IPAddress every, IPAddress one) => every.Equals(IPAddress.IPv6Any) || (every.Equals(IPAddress.Any) && one.AddressFamily == AddressFamily.InterNetwork);

    /// <summary>What Kestrel takes as every interface: whatever is neither an address nor localhost, and the addresses of all zeros.</summary>
    private static bool IsEveryInterface(string host) => IPAddress.TryParse(host, out var ip) ? ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) : host is "*" or "+";

    private static string HostOf(string host)
    {
        var plain = host.Trim('[', ']').TrimEnd('.');
        return IPAddress.TryParse(plain, out var ip) ? (ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).ToString() : plain;
    }
}
