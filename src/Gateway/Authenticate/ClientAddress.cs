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

        // From the right: each proxy appended the peer it saw, some with its port; what a client wrote itself stands
        // further left.
        var hops = context.Request.Headers["X-Forwarded-For"].ToString().AsSpan();
        for (var i = 0; i < MaxHops && !hops.IsEmpty; i++)
        {
            var comma = hops.LastIndexOf(',');
            if (!IPEndPoint.TryParse(hops[(comma + 1)..].Trim(), out var hop))
            {
                break;
            }

            hops = comma < 0 ? [] : hops[..comma];

            address = Plain(hop.Address);
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
