using System.Net;
using System.Net.Sockets;

namespace Gateway.Configuration.Rules;

/// <summary>What ranges of addresses hold together.</summary>
internal static class AddressRanges
{
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
