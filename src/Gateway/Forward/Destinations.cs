using Gateway.Authorize;

namespace Gateway.Forward;

/// <summary>Leads a session to the destination that knows it; nothing else pins a client to a destination.</summary>
internal static class Destinations
{
    /// <summary>Narrows the choice to the session's destination.</summary>
    public static void Pin(HttpContext context, Authorized authorized)
    {
        if (authorized.Session is not { } session)
        {
            return;
        }

        var proxy = context.GetReverseProxyFeature();
        foreach (var destination in proxy.AllDestinations)
        {
            if (destination.DestinationId == session.Destination)
            {
                proxy.AvailableDestinations = [destination];
                return;
            }
        }
    }

    /// <summary>Goes to the same destination once more.</summary>
    public static void Restore(HttpContext context)
    {
        var proxy = context.GetReverseProxyFeature();
        if (proxy.ProxiedDestination is { } destination)
        {
            proxy.AvailableDestinations = [destination];
        }

        context.Response.Clear();
        context.Features.Set<Yarp.ReverseProxy.Forwarder.IForwarderErrorFeature>(null);
    }
}
