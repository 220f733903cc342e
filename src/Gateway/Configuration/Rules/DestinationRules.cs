using Gateway.Configuration.Options;

namespace Gateway.Configuration.Rules;

/// <summary>Where requests go: <c>destination-url</c>, <c>destination-own</c>, <c>resource-implicit</c>, <c>resource-uri</c>, <c>same-token-scope</c>, <c>identity-headers</c>, <c>none-remote</c>, <c>http-destination</c>.</summary>
internal static class DestinationRules
{
    public static void DestinationsAreUrls(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Destinations.IsEmpty)
            {
                context.Error("destination-url", RuleContext.KeyOf(server, "Destinations"), "Destinations is missing; write the MCP server's address, such as [\"http://weather-mcp:8080/mcp\"].");
            }

            for (var i = 0; i < server.Destinations.Length; i++)
            {
                var value = server.Destinations[i];
                var problem = UnixDestination.IsMeant(value) ? SocketProblem(value, server.Destinations.Take(i))
                    : !ConfiguredUrl.TryParse(value, out var url) ? "is not an absolute http or https URL in ASCII" + ConfiguredUrl.InAscii(value)
                    : ConfiguredUrl.HasUserInfo(url) ? "holds a user or password"
                    : value.AsSpan().IndexOfAny('?', '#') >= 0 ? "has a query or fragment"
                    : url.GetComponents(UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') != PathAsWritten(value) ? "has a path with dot segments or characters to be escaped"
                    : server.Destinations.Take(i).Any(other => CanonicalUri.Of(other) == CanonicalUri.Of(value)) ? "is listed twice"
                    : null;
                if (problem is not null)
                {
                    context.Error("destination-url", RuleContext.KeyOf(server, $"Destinations:{i}"), $"The destination {ConfiguredUrl.Show(value)} {problem}; write the MCP server's address, such as 'http://weather-mcp:8080/mcp'.");
                }
            }
        }
    }

    /// <summary>A request that comes back would be answered with the gateway's own documents, or with what its operators alone may see.</summary>
    public static void DestinationsAreNotTheGateway(RuleContext context)
    {
        var listeners = context.Listening.Select(address => (Address: address, What: "a listener of the gateway itself"))
            .Append((Address: context.Options.Management?.Url ?? "", What: "the management listener"))
            .Select(listener => (Own: ListenedAt.Of(listener.Address), listener.What)).ToArray();
        foreach (var server in context.Servers)
        {
            for (var i = 0; i < server.Destinations.Length; i++)
            {
                var value = server.Destinations[i];
                if (!ConfiguredUrl.TryParse(value, out var url))
                {
                    continue;
                }

                var own = SameOrigin(url, context.Options.PublicUrl) ? "the gateway itself" : listeners.FirstOrDefault(listener => listener.Own?.Takes(url, context.Options.PublicUrl) == true).What;
                if (own is not null)
                {
                    context.Error("destination-own", RuleContext.KeyOf(server, $"Destinations:{i}"), $"The destination {ConfiguredUrl.Show(value)} is {own}; write the MCP server's address, such as 'http://weather-mcp:8080/mcp'.");
                }
            }
        }
    }

    public static void ResourceIsSaidForSeveralDestinations(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Destinations.Any(UnixDestination.IsMeant) && server.Outbound is { Bind: OutboundBinding.DPoP, Resource: { } resource } && !ConfiguredUrl.TryParse(resource, out _))
            {
                context.Error("resource-implicit", RuleContext.KeyOf(server, "Outbound:Resource"), $"Resource is {ConfiguredUrl.Show(resource)}, and with Bind 'dpop' every proof names the http(s) URL that the MCP server is known by, which a Unix socket does not have; write one, such as 'https://weather.internal/mcp'.");
            }

            if (server.Destinations.Length > 1 && server.Outbound is { Resource: null, Mode: OutboundMode.Exchange or OutboundMode.Local })
            {
                context.Error("resource-implicit", RuleContext.KeyOf(server, "Outbound:Resource"), $"Resource is missing, and {server.Destinations.Length} destinations have no single address to take it from; write the identifier that the MCP server knows itself by.");
            }
            else if (server.Destinations.Any(UnixDestination.IsMeant) && server.Outbound is { Resource: null, Mode: not null })
            {
                context.Error("resource-implicit", RuleContext.KeyOf(server, "Outbound:Resource"), "Resource is missing, and a Unix socket is no identifier to take it from; write the one that the MCP server is known by, such as 'https://weather.internal/mcp'.");
            }
        }
    }

    /// <summary>RFC 8707 §2: an absolute URI without a fragment.</summary>
    public static void ResourceIsAnAbsoluteUri(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Outbound is { Resource: { } value, Mode: not null }
                && (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || !value.StartsWith(uri.Scheme + ":", StringComparison.OrdinalIgnoreCase)
                    || value.Contains('#', StringComparison.Ordinal) || (uri.Host.Length > 0 && ConfiguredUrl.HasUserInfo(uri))))
            {
                context.Error("resource-uri", RuleContext.KeyOf(server, "Outbound:Resource"), $"Resource {ConfiguredUrl.Show(value)} is not an absolute URI without fragment and user (RFC 8707 §2); write one such as 'https://weather.internal/mcp', or a logical name as Audience.");
            }
        }
    }

    public static void SameTokenStaysOnThisMachine(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Outbound is { Mode: OutboundMode.SameToken, AllowRemote: false }))
        {
            for (var i = 0; i < server.Destinations.Length; i++)
            {
                if (ConfiguredUrl.TryParse(server.Destinations[i], out var url) && !StaysHere(server.Destinations[i], url))
                {
                    context.Error("same-token-scope", RuleContext.KeyOf(server, $"Destinations:{i}"), $"Mode 'same-token' would send the client's own token to {ConfiguredUrl.Show(server.Destinations[i])}, which is not loopback; take mode 'exchange' or 'local', or set Outbound:AllowRemote to true where the MCP server is this very resource.");
                }
            }
        }
    }

    public static void PlainHttpStaysNear(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            for (var i = 0; i < server.Destinations.Length; i++)
            {
                if (ConfiguredUrl.TryParse(server.Destinations[i], out var url) && ConfiguredUrl.IsInsecure(url) && !UnixDestination.IsMeant(server.Destinations[i]) && !IsOfTheCluster(url.Host))
                {
                    context.Warn("http-destination", RuleContext.KeyOf(server, $"Destinations:{i}"), $"Hop tokens and bodies travel in the clear to {ConfiguredUrl.Show(server.Destinations[i])}; use https where the network is not yours alone.");
                }
            }
        }
    }

    /// <summary>A server that is told who asks believes it from everybody who can reach it.</summary>
    public static void IdentityStaysOnThisMachine(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Options.IdentityHeaders.Count > 0))
        {
            for (var i = 0; i < server.Destinations.Length; i++)
            {
                if (ConfiguredUrl.TryParse(server.Destinations[i], out var url) && !StaysHere(server.Destinations[i], url))
                {
                    context.Error("identity-headers", RuleContext.KeyOf(server, $"Destinations:{i}"), $"IdentityHeaders would go to {ConfiguredUrl.Show(server.Destinations[i])}, which is neither loopback nor a Unix socket: whoever else reaches it could send them too; put the gateway beside the server as a sidecar, or take mode 'exchange' or 'local' and a server that reads tokens.");
                }
            }
        }
    }

    /// <summary>In mode none the way to the server is all that keeps others from it.</summary>
    public static void UncheckedServersStayOnThisMachine(RuleContext context)
    {
        foreach (var server in context.Servers.Where(server => server.Outbound.Mode == OutboundMode.None))
        {
            for (var i = 0; i < server.Destinations.Length; i++)
            {
                if (ConfiguredUrl.TryParse(server.Destinations[i], out var url) && !StaysHere(server.Destinations[i], url))
                {
                    context.Warn("none-remote", RuleContext.KeyOf(server, $"Destinations:{i}"), $"Mode 'none' sends no credential to {ConfiguredUrl.Show(server.Destinations[i])}, which is neither loopback nor a Unix socket: whoever else reaches that address can do there what it likes, past every rule here; put the gateway beside the server as a sidecar, let the network admit the gateway alone, or take mode 'exchange' or 'local' and a server that reads tokens.");
                }
            }
        }
    }

    private static bool StaysHere(string destination, Uri url) => UnixDestination.TryParse(destination, out _) || ConfiguredUrl.IsLoopback(url);

    private static string? SocketProblem(string value, IEnumerable<string> before) =>
        !UnixDestination.TryParse(value, out var destination) || !PathIsItself(destination) ? "is no Unix socket with a path, written 'http://unix:/run/mcp.sock:/mcp'"
        : value.AsSpan().IndexOfAny('?', '#') >= 0 ? "has a query or fragment"
        : before.Contains(value, StringComparer.Ordinal) ? "is listed twice"
        : null;

    private static bool PathIsItself(UnixDestination destination) =>
        new Uri(destination.Address).AbsolutePath == destination.Path.Split('?', '#')[0] && System.IO.Path.GetFullPath(destination.Socket) == destination.Socket;

    /// <summary>Names of Kubernetes services, and of the local network.</summary>
    private static bool IsOfTheCluster(string host) =>
        host.EndsWith(".svc", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".local", StringComparison.OrdinalIgnoreCase);

    private static string PathAsWritten(string value)
    {
        var start = value.IndexOf('/', value.IndexOf("://", StringComparison.Ordinal) + 3);
        return start < 0 ? "" : value[(start + 1)..].TrimEnd('/');
    }

    private static bool SameOrigin(Uri url, string? publicUrl) =>
        ConfiguredUrl.TryParse(publicUrl, out var ours) && CanonicalUri.Of(ours.GetLeftPart(UriPartial.Authority)) == CanonicalUri.Of(url.GetLeftPart(UriPartial.Authority));
}
