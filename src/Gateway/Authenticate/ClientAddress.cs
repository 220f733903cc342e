using System.Net;

namespace Gateway.Authenticate;

/// <summary>
/// The address of the client, for the audit alone: the peer's, or what trusted proxies say in X-Forwarded-For. No
/// decision is ever based on it.
/// </summary>
internal sealed class ClientAddress(IReadOnlyList<IPNetwork> trustedProxies)
{
    private const int MaxHops = 16;

    public string? Of(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address)
        {
            return null;
        }

        address = Plain(address);
        if (trustedProxies.Count == 0 || !IsTrusted(address))
        {
            return address.ToString();
        }

        // From the right: each proxy appended the peer it saw; what a client wrote itself stands further left.
        var hops = context.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries);
        for (var i = hops.Length - 1; i >= 0 && i >= hops.Length - MaxHops; i--)
        {
            if (!IPAddress.TryParse(hops[i], out var hop))
            {
                break;
            }

            address = Plain(hop);
            if (!IsTrusted(address))
            {
                break;
            }
        }

        return address.ToString();
    }

    private bool IsTrusted(IPAddress address) => trustedProxies.Any(network => network.Contains(address));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
