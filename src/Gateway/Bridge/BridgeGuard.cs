using System.Net.Http.Headers;

namespace Gateway.Bridge;

/// <summary>
/// Who may ask at all. Every page of a browser on this machine can reach loopback, so that what looks like one is
/// refused before anything is read: an <c>Origin</c>, and a <c>Host</c> that a name was rebound to.
/// </summary>
/// <remarks>MCP, Streamable HTTP, security warning.</remarks>
internal static class BridgeGuard
{
    /// <summary>The refusal of a request by its headers alone; null when it may go on.</summary>
    public static BridgeRefusal? Check(HttpRequest request) =>
        request.Headers.ContainsKey("Origin") ? BridgeRefusal.Origin
        : !IsLocal(request.Host) ? BridgeRefusal.Host
        : request.Path.Value is not ("/mcp" or "/healthz/live") ? BridgeRefusal.NotFound
        : null;

    /// <summary>The refusal of a POST by what it says of its body and of the answer.</summary>
    public static BridgeRefusal? CheckPost(HttpRequest request) =>
        !IsJson(request) ? BridgeRefusal.MediaType
        : !Accepts(request, "application/json") || !Accepts(request, "text/event-stream") ? BridgeRefusal.Accept
        : null;

    /// <summary>Whether a media type may come back; a request that says nothing takes everything.</summary>
    public static bool Accepts(HttpRequest request, string mediaType)
    {
        var lines = request.Headers.Accept;
        return lines.Count == 0 || lines.Any(line => (line ?? "").Split(',').Any(part =>
            MediaTypeHeaderValue.TryParse(part, out var accepted)
            && (accepted.MediaType == "*/*" || mediaType.Equals(accepted.MediaType, StringComparison.OrdinalIgnoreCase)
                || accepted.MediaType == mediaType[..(mediaType.IndexOf('/', StringComparison.Ordinal) + 1)] + "*")));
    }

    private static bool IsLocal(HostString host) =>
        host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.Host is "127.0.0.1" or "[::1]";

    private static bool IsJson(HttpRequest request) =>
        request.Headers.ContentType is [{ } type] && MediaTypeHeaderValue.TryParse(type, out var parsed)
        && "application/json".Equals(parsed.MediaType, StringComparison.OrdinalIgnoreCase)
        && (parsed.CharSet is null || parsed.CharSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        && (request.Headers.ContentEncoding.Count == 0 || request.Headers.ContentEncoding is ["identity"]);
}
