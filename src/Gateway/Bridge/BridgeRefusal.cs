using System.Globalization;
using System.Text;
using System.Text.Json;
using Gateway.Advertise;

namespace Gateway.Bridge;

/// <summary>One way in which the bridge itself says no: status, JSON-RPC code and a fixed text.</summary>
internal sealed record BridgeRefusal(int Status, int Code, string Text, bool Retry = false)
{
    public static readonly BridgeRefusal NotFound = new(404, -32600, "Nothing is here; the MCP endpoint is /mcp.");
    public static readonly BridgeRefusal Origin = new(403, -32600, "The bridge is not for web pages: a request with an Origin is refused.");
    public static readonly BridgeRefusal Host = new(403, -32600, "The Host must be localhost, 127.0.0.1 or [::1].");
    public static readonly BridgeRefusal Method = new(405, -32600, "The endpoint does not have this method here.");
    public static readonly BridgeRefusal MediaType = new(415, -32600, "The request body must be application/json in UTF-8 without a content encoding.");
    public static readonly BridgeRefusal Accept = new(406, -32600, "The client must accept application/json and text/event-stream.");
    public static readonly BridgeRefusal TooLarge = new(413, -32600, "The request body is too large.");
    public static readonly BridgeRefusal NotJson = new(400, -32700, "The request body is not JSON.");
    public static readonly BridgeRefusal NotOneMessage = new(400, -32600, "The request body is not exactly one JSON-RPC message.");
    public static readonly BridgeRefusal HeaderMismatch = new(400, -32020, "The MCP headers and the body disagree.");
    public static readonly BridgeRefusal VersionMissing = new(400, -32602, "The request's _meta must hold io.modelcontextprotocol/protocolVersion.");
    public static readonly BridgeRefusal NamesAnother = new(400, -32600, "A request must name no other request, progress or subscription, and is no notification: one process serves all.");
    public static readonly BridgeRefusal SessionMissing = new(400, -32600, "The header Mcp-Session-Id is missing; a session begins with initialize.");
    public static readonly BridgeRefusal SessionUnknown = new(404, -32001, "There is no such session.");
    public static readonly BridgeRefusal Version = new(400, -32000, "The protocol version is not one that has sessions.");
    public static readonly BridgeRefusal IdInUse = new(400, -32600, "A request with this id has not been answered yet.");
    public static readonly BridgeRefusal Full = new(503, -32000, "As many processes run as may; try again later.", Retry: true);
    public static readonly BridgeRefusal Busy = new(503, -32000, "Too many requests wait for an answer; try again later.", Retry: true);
    public static readonly BridgeRefusal Overloaded = new(503, -32000, "Too much is being received; try again later.", Retry: true);
    public static readonly BridgeRefusal NotStarted = new(502, -32603, "The MCP server cannot be started.");
    public static readonly BridgeRefusal Ended = new(502, -32603, "The MCP server ended before it answered.");
    public static readonly BridgeRefusal AnswerTooLarge = new(502, -32603, "The MCP server's answer is too large.");
    public static readonly BridgeRefusal Failed = new(500, -32603, "The bridge failed.");

    /// <summary>The refusal as the answer to a request.</summary>
    public async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> id = default)
    {
        if (Retry)
        {
            RefusalWriter.ComeBackAfter(context.Response, Refusal.ComeBack);
        }

        await AnswerWriter.WriteJsonAsync(context.Response, Status, ToJson(id));
    }

    /// <summary>The refusal as the last message of a request.</summary>
    public Delivery ToDelivery(ReadOnlyMemory<byte> id) => new(ToJson(id), IsLast: true, IsError: true, Status);

    private byte[] ToJson(ReadOnlyMemory<byte> id) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"jsonrpc":"2.0","id":{{{(id.IsEmpty ? "null" : Encoding.UTF8.GetString(id.Span))}}},"error":{"code":{{{Code}}},"message":"{{{JsonEncodedText.Encode(Text)}}}"}}"""));
}
