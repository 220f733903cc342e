using System.Collections.Frozen;
using Gateway.Http;
using Microsoft.AspNetCore.WebUtilities;
using TokenExchange.Inbound;

namespace Gateway.Sessions;

/// <summary>
/// The endpoint that a server of the HTTP+SSE transport announces: where clients post to. What the client is told lies
/// under the public path and is bound to the caller: by the session in its query, or else as a whole, since the session
/// may then be any part of it.
/// </summary>
/// <remarks>MCP 2024-11-05, HTTP with SSE.</remarks>
internal static class SseEndpoint
{
    /// <summary>The destination of an endpoint that leads nowhere: the server announced one outside its own.</summary>
    public const string Nowhere = "-";

    /// <summary>How the official TypeScript, C# and Java servers call a session, how the Python one does, and what else there is.</summary>
    private static readonly FrozenSet<string> Names = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "sessionId", "session_id", "sid", "clientId");

    /// <summary>In the address of an endpoint that is the destination itself, in place of a last segment.</summary>
    private const string Itself = "~";

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

    /// <summary>What was announced on a stream, as an address; null when it lies outside the destination.</summary>
    public static Uri? Within(string announced, Uri stream, Uri destination)
    {
        var basePath = destination.AbsolutePath.TrimEnd('/');
        return Uri.TryCreate(stream, announced.Trim(), out var endpoint)
            && endpoint.GetLeftPart(UriPartial.Authority) == destination.GetLeftPart(UriPartial.Authority)
            && endpoint.AbsolutePath.StartsWith(basePath, StringComparison.Ordinal)
            && (endpoint.AbsolutePath.Length == basePath.Length || endpoint.AbsolutePath[basePath.Length] == '/')
            && CanonicalPath.IsCanonical(endpoint.AbsolutePath)
            ? endpoint
            : null;
    }

    /// <summary>The public form of <paramref name="announced"/>; null when it lies outside the destination: then nobody may post to it.</summary>
    public static (string Address, BoundSession Session)? Rewrite(string announced, Uri stream, McpServer server, ValidatedToken principal, string destinationId)
    {
        var destination = new Uri(server.Sessions.Destinations[destinationId]);
        if (Within(announced, stream, destination) is not { } endpoint)
        {
            return null;
        }

        var basePath = destination.AbsolutePath.TrimEnd('/');
        var publicPath = server.Path == "/" ? "" : server.Path;
        var rest = endpoint.AbsolutePath[basePath.Length..];
        var query = new QueryCollection(QueryHelpers.ParseQuery(endpoint.Query));
        if (SessionOf(query) is (string name, [{ Length: > 0 } session]))
        {
            var own = new BoundSession(session, destinationId);
            var bound = server.Sessions.Binding.Wrap(own, server.Resource, principal);
            return (publicPath + rest + QueryString.Create(query.Select(pair => pair.Key == name ? new(name, bound) : pair)), own);
        }

        var whole = Whole(PathString.FromUriComponent(rest).Value!, endpoint.Query, destinationId);
        var slash = rest.LastIndexOf('/');
        return ($"{publicPath}{(slash < 0 ? "" : rest[..slash])}/{server.Sessions.Binding.Seal(whole, server.Resource, principal)}.{destinationId}.{(slash < 0 ? Itself : rest[(slash + 1)..])}{endpoint.Query}", whole);
    }

    /// <summary>What a client is told in place of an endpoint outside the destination: an address of its own where every post is told so.</summary>
    public static string Dead(McpServer server, ValidatedToken principal) =>
        (server.Path == "/" ? "" : server.Path) + "/message"
        + QueryString.Create("sessionId", server.Sessions.Binding.Wrap(new BoundSession("outside", Nowhere), server.Resource, principal));

    /// <summary>Whether a post goes to an endpoint that is bound as a whole; then <paramref name="session"/> is the one it leads to, or null when it is not the caller's.</summary>
    public static bool IsBoundAsAWhole(HttpRequest post, McpServer server, ValidatedToken principal, out BoundSession? session)
    {
        session = null;
        var rest = server.Rest(post.Path).Value ?? "";
        var slash = rest.LastIndexOf('/');
        if (slash < 0 || rest[(slash + 1)..].Split('.', 3) is not [{ } seal, { } destination, { } last] || seal.Length != SessionBinding.SealLength)
        {
            return false;
        }

        foreach (var own in last == Itself && slash == 0 ? (ReadOnlySpan<string>)["", "/" + Itself] : [rest[..(slash + 1)] + last])
        {
            var whole = Whole(own, post.QueryString.Value ?? "", destination);
            if (server.Sessions.Binding.Owns(seal, whole, server.Resource, principal))
            {
                session = whole;
            }
        }

        return true;
    }

    /// <summary>The whole address in place of a session's id; it is sealed as an address, and is none in a query.</summary>
    private static BoundSession Whole(string path, string query, string destination) => new($"POST {path}{query}", destination) { Path = path };

    /// <summary>
    /// Also where only some reader makes one of the names of it: ends pairs at ';' and names at NUL, cuts blanks off, sees an
    /// index in a bracket, or '_' in blanks, dots and brackets.
    /// </summary>
    private static bool IsSession(string name) => name.Split(';').Select(part => part.Split('\0')[0].Trim()).Any(part =>
        Names.Contains(part.Split('[')[0]) || Names.Contains(part.Replace(' ', '_').Replace('.', '_').Replace('[', '_')));
}
