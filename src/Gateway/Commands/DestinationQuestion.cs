namespace Gateway.Commands;

/// <summary>What a destination was asked, and what it means when it is not that.</summary>
internal sealed record DestinationQuestion(string Name, string NotHere, string NotMcp)
{
    private const string Endpoint = "Destinations must be the server's own endpoint, path included (often /mcp), and of an http+sse server its base URL with Transport http+sse";
    private const string Base = "the destination of an http+sse server is the base URL that its /sse lies under (docs/legacy-servers.md#httpsse); a server of Streamable HTTP is given by its endpoint, without Transport";

    public static readonly DestinationQuestion Initialize = Post("an initialize");
    public static readonly DestinationQuestion Discover = Post("a server/discover");
    public static readonly DestinationQuestion Stream = new(
        "a GET of its /sse",
        $"no stream of HTTP+SSE is at this path; {Base}",
        $"what answers there is no stream of HTTP+SSE: it begins with an event 'endpoint', which says where clients post to; {Base}");

    private static DestinationQuestion Post(string name) => new(
        name,
        $"nothing speaks MCP at this path; {Endpoint}",
        $"what answers there does not speak MCP: an initialize is answered with a JSON-RPC message, as application/json or text/event-stream; perhaps it is a page or another API: {Endpoint}");
}
