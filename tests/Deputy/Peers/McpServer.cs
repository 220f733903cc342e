using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Peers;

/// <summary>An MCP server that records every byte, answers honestly, and behaves as a case says to a call of that case.</summary>
internal sealed class McpServer : IAsyncDisposable
{
    private readonly HttpPeer peer;
    private readonly Recorder recorder = new();
    private readonly ConcurrentDictionary<string, Func<ReceivedRequest, Reply, Task>> behaviours = new(StringComparer.Ordinal);

    public McpServer(string name)
    {
        Name = name;
        peer = new HttpPeer(AnswerAsync);
        peer.Open();
    }

    public string Name { get; }

    public string Url => peer.Url;

    public int Port => peer.Port;

    public IReadOnlyList<ReceivedRequest> All => recorder.All;

    /// <summary>Answers requests with this marker so.</summary>
    public void Behave(string marker, Func<ReceivedRequest, Reply, Task> behaviour) => behaviours[marker] = behaviour;

    /// <summary>The requests that hold this marker, in the user agent, the body or the target.</summary>
    public IReadOnlyList<ReceivedRequest> Of(string marker) => recorder.Of(marker);

    /// <summary>The honest answer.</summary>
    public static async Task HonestAsync(ReceivedRequest request, Reply reply)
    {
        if (request.Method == "GET")
        {
            await reply.StreamAsync();
            await reply.ChunkAsync(": open\n\n");
            await reply.ClosedAsync(TimeSpan.FromMinutes(2));
            return;
        }

        if (request.Method == "DELETE")
        {
            await reply.EmptyAsync(204);
            return;
        }

        var message = Message(request);
        if (message?["id"] is not { } id || message["method"] is not JsonValue method)
        {
            await reply.EmptyAsync(202);
            return;
        }

        var name = method.ToString();
        var session = name == "initialize" ? $"Mcp-Session-Id: s-{Marker.Fresh()}\r\n" : "";
        JsonObject result = name switch
        {
            "initialize" => new JsonObject
            {
                ["protocolVersion"] = "2025-11-25",
                ["capabilities"] = new JsonObject { ["tools"] = new JsonObject() },
                ["serverInfo"] = new JsonObject { ["name"] = "deputy", ["version"] = "1" },
            },
            "tools/list" => new JsonObject { ["tools"] = new JsonArray(Tool("echo"), Tool("delete_all"), Tool("write_file")) },
            _ => new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "done" }) },
        };
        await reply.SendAsync(200, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id.DeepClone(), ["result"] = result }.ToJsonString(), headers: session);
    }

    public async ValueTask DisposeAsync() => await peer.DisposeAsync();

    private static JsonObject Tool(string name) => new() { ["name"] = name, ["inputSchema"] = new JsonObject { ["type"] = "object" } };

    private static JsonObject? Message(ReceivedRequest request)
    {
        try
        {
            return JsonNode.Parse(request.Body) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task AnswerAsync(ReceivedRequest request, Reply reply)
    {
        var markers = Marker.AllIn(request.Head + request.Text + request.Trailers).ToList();
        if (Marker.In(Encoded.Payload(request.Token)?["sub"]?.ToString() ?? "") is { } subject)
        {
            markers.Add(subject);
        }

        recorder.Add(request, markers);
        var behaviour = markers.Select(behaviours.GetValueOrDefault).FirstOrDefault(found => found is not null);
        await (behaviour ?? HonestAsync)(request, reply);
    }
}
