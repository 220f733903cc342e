using TokenExchange.AspNetCore.Http;

namespace Gateway.Forward;

/// <summary>Lets the browser origins of a server's configuration read its answers. No cookie is ever involved.</summary>
internal static class Cors
{
    private const string Exposed = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, X-Request-Id, Retry-After, " + Credentials.DPoPNonce;

    /// <summary>Whether the request is a preflight (Fetch §3.2.2).</summary>
    public static bool IsPreflight(HttpRequest request) =>
        request.Method == "OPTIONS" && request.Headers.Origin.Count > 0 && request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>Adds what a browser needs to let an allowed origin read the answer. Called with the Origin already checked.</summary>
    public static void Expose(HttpContext context, McpServer server)
    {
        if (context.Request.Headers.Origin is not [{ } origin] || !server.Admission.AllowedOrigins.Contains(origin))
        {
            return;
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlExposeHeaders = Exposed;
        headers.AppendCommaSeparatedValues("Vary", "Origin");
    }

    /// <summary>Answers OPTIONS; it needs no token and never reaches the MCP server.</summary>
    public static void AnswerOptions(HttpContext context, McpServer server)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.Allow = server.Allow;
        if (!IsPreflight(context.Request))
        {
            return;
        }

        Expose(context, server);
        response.Headers.AccessControlAllowMethods = server.Allow;
        response.Headers.AccessControlMaxAge = "600";
        var requested = context.Request.Headers.AccessControlRequestHeaders;
        if (requested.Count > 0)
        {
            response.Headers.AccessControlAllowHeaders = "Authorization, DPoP, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID, traceparent, tracestate, baggage"
                + string.Concat(requested.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Where(name => IsParameterHeader(name) || server.Relay.ForwardHeaders.Contains(name))
                    .Select(name => ", " + name));
        }
    }

    /// <summary>A server may call a parameter's header by any token (MCP 2026-07-28, x-mcp-header; RFC 9110 §5.6.2).</summary>
    private static bool IsParameterHeader(string name) =>
        name.StartsWith("Mcp-Param-", StringComparison.OrdinalIgnoreCase) && !name.AsSpan().ContainsAnyExcept(AuthParameters.TokenCharacters);
}
