using Gateway.Authenticate;

namespace Gateway.Sessions;

/// <summary>
/// The endpoint that a server of the HTTP+SSE transport announces: where clients post to, with the session in its query.
/// What the client is told lies under the public path and holds the session bound to the caller.
/// </summary>
/// <remarks>MCP 2024-11-05, HTTP with SSE.</remarks>
internal static class SseEndpoint
{
    /// <summary>The session of a query and the name it goes by; more than one is nobody's.</summary>
    public static (string? Name, string[] Value) SessionOf(IQueryCollection query)
    {
        string? name = null;
        string[] value = [];
        foreach (var (key, values) in query)
        {
            if (IsSession(key))
            {
                name = key;
                value = [.. value, .. values.Select(each => each ?? "")];
            }
        }

        return (name, value);
    }

    /// <summary>
    /// The public form of <paramref name="announced"/>. Throws <see cref="IOException"/> when it lies outside the destination,
    /// or has no session that could be bound: then nobody may post to it.
    /// </summary>
    public static string Rewrite(string announced, Uri stream, GatewayRequest request, string destinationId)
    {
        var server = request.Server!;
        var destination = new Uri(server.Destinations[destinationId]);
        var basePath = destination.AbsolutePath.TrimEnd('/');
        if (!Uri.TryCreate(stream, announced.Trim(), out var endpoint)
            || endpoint.GetLeftPart(UriPartial.Authority) != destination.GetLeftPart(UriPartial.Authority)
            || !endpoint.AbsolutePath.StartsWith(basePath, StringComparison.Ordinal)
            || (endpoint.AbsolutePath.Length > basePath.Length && endpoint.AbsolutePath[basePath.Length] != '/')
            || !CanonicalPath.IsCanonical(endpoint.AbsolutePath))
        {
            throw new IOException("The MCP server announced an endpoint outside its destination.");
        }

        var query = new QueryCollection(Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(endpoint.Query));
        if (SessionOf(query) is not (string name, [{ Length: > 0 } session]))
        {
            throw new IOException("The MCP server announced an endpoint without a session.");
        }

        var bound = server.Sessions.Wrap(new BoundSession(session, destinationId), server.Resource, request.Token!);
        var rewritten = QueryString.Create(query.Select(pair => pair.Key == name ? new(name, bound) : pair));
        return (server.Path == "/" ? "" : server.Path) + endpoint.AbsolutePath[basePath.Length..] + rewritten;
    }

    /// <summary>How the official TypeScript, C# and Java servers call it, and how the Python one does.</summary>
    private static bool IsSession(string name) =>
        name.Equals("sessionId", StringComparison.OrdinalIgnoreCase) || name.Equals("session_id", StringComparison.OrdinalIgnoreCase);
}
