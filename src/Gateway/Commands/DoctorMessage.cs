using Gateway.Authorize;
using Gateway.Sessions;

namespace Gateway.Commands;

/// <summary>One message of <c>doctor</c> to an MCP server, and the operation that it is to the gateway.</summary>
internal sealed record DoctorMessage(HttpMethod Verb, PathString Rest, byte[] Body, Operation Operation, (string Name, string Value)[] Headers)
{
    private static readonly (string, string) Any = ("Accept", "application/json, text/event-stream");

    public static readonly DoctorMessage Initialize = Post(
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"gateway-doctor","version":"1"}}}"""u8.ToArray(),
        Any);

    /// <summary>The first message in the revisions without sessions (2026-07-28 on).</summary>
    public static readonly DoctorMessage Discover = Post(
        """{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"gateway-doctor","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"""u8.ToArray(),
        Any,
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "server/discover"));

    /// <summary>Asks a server of HTTP+SSE for its stream.</summary>
    public static readonly DoctorMessage Stream = new(HttpMethod.Get, "/sse", [], Operation.None, [("Accept", "text/event-stream")]);

    /// <summary>Ends a session.</summary>
    public static DoctorMessage End(string session) => new(HttpMethod.Delete, default, [], Operation.None, [(SessionPolicy.Header, session), ("MCP-Protocol-Version", "2025-11-25")]);

    /// <summary>What a server is sent first.</summary>
    public static DoctorMessage FirstAt(McpServer server) => server.Transport == McpTransport.HttpSse ? Stream : Initialize;

    private static DoctorMessage Post(byte[] body, params (string Name, string Value)[] headers) =>
        new(HttpMethod.Post, default, body, OperationReader.Read(body, out _, out _)!, headers);
}
