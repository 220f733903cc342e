using System.Net;
using System.Net.Sockets;

namespace Gateway.Configuration.Rules;

/// <summary>What ranges of addresses hold together.</summary>
internal static class AddressRanges
{
    /// <summary>The bits before those of an IPv4 address that IPv6 maps (RFC 4291 §2.5.5.2).</summary>
    private const int Mapped = 96;

    /// <summary>A range as addresses are compared with it: one of IPv4 addresses as IPv6 maps them is one of IPv4 addresses.</summary>
    public static IPNetwork Parse(string range)
    {
        var network = IPNetwork.Parse(range);
        return network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= Mapped ? new(network.BaseAddress.MapToIPv4(), network.PrefixLength - Mapped) : network;
    }

    /// <summary>Whether every IPv4 or every IPv6 address lies in one of the ranges, however it is cut into pieces.</summary>
    public static bool HoldEveryAddress(IEnumerable<IPNetwork> ranges)
    {
        var spans = ranges.Select(range => (First: Number(range.BaseAddress), Count: range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 - range.PrefixLength : 128 - range.PrefixLength))
            .Select(range => (range.First, Last: range.First + ((range.Count >= 128 ? UInt128.Zero : UInt128.One << range.Count) - UInt128.One)))
            .OrderBy(span => span.First).ToArray();
        return Cover(spans, UInt128.Zero, UInt128.MaxValue) || Cover(spans, Number(IPAddress.Any), Number(IPAddress.Broadcast));
    }

    private static bool Cover((UInt128 First, UInt128 Last)[] spans, UInt128 from, UInt128 to)
    {
        foreach (var (first, last) in spans)
        {
            if (first <= from && last >= from)
            {
                if (last >= to)
                {
                    return true;
                }

                from = last + UInt128.One;
            }
        }

        return false;
    }

    /// <summary>IPv4 addresses as IPv6 maps them, which is how they arrive at a socket for both.</summary>
    private static UInt128 Number(IPAddress address)
    {
        var number = UInt128.Zero;
        foreach (var octet in address.MapToIPv6().GetAddressBytes())
        {
            number = (number << 8) | octet;
        }

        return number;
    }
}
