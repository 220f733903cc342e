using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;

namespace Gateway.Commands;

/// <summary>What came back to a first message: its type, as much of its body as an operator is shown, and whether it can be MCP.</summary>
internal sealed class InitializeAnswer
{
    // As much as an answer to an initialize ever is; of a longer one nobody knows whether it is JSON.
    private const int Most = 64 * 1024;

    private InitializeAnswer(string? type, string body, bool isMcp) => (this.type, this.body, IsMcp) = (type, body, isMcp);

    private readonly string? type;
    private readonly string body;

    /// <summary>Whether it is a JSON-RPC message, or a stream of events.</summary>
    public bool IsMcp { get; }

    /// <summary>Reads a JSON body whole, of a stream the first event, and of anything else as much as is shown.</summary>
    public static async Task<InitializeAnswer> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        var type = content.Headers.ContentType?.MediaType ?? (content.Headers.NonValidated.TryGetValues("Content-Type", out var written) ? written.ToString() : null);
        var (isJson, isStream) = (Is("application/json"), Is("text/event-stream"));
        var buffer = new byte[isJson || isStream ? Most : Shown.Most * 4];
        var length = 0;
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        while (length < buffer.Length && !(isStream && HoldsEvent(buffer.AsSpan(0, length))) && await stream.ReadAsync(buffer.AsMemory(length), cancellation) is var read and > 0)
        {
            length += read;
        }

        return new(type, Encoding.UTF8.GetString(buffer, 0, length), isStream ? length > 0 : isJson && (length == buffer.Length || IsJsonRpc(buffer.AsMemory(0, length))));

        bool Is(string name) => name.Equals(type, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a stream of HTTP+SSE until it says where clients post to; null where it does not, be it that it falls silent.</summary>
    /// <remarks>MCP 2024-11-05, HTTP with SSE.</remarks>
    public static async Task<(InitializeAnswer Answer, string? Endpoint)> ReadEndpointAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            var other = await ReadAsync(content, cancellation);
            return (new(other.type, other.body, isMcp: false), null);
        }

        var buffer = new byte[Most];
        var length = 0;
        string? endpoint = null;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellation);
            while (endpoint is null && length < buffer.Length && await stream.ReadAsync(buffer.AsMemory(length), cancellation) is var read and > 0)
            {
                length += read;
                using var soFar = new MemoryStream(buffer, 0, length);
                endpoint = SseParser.Create(soFar).Enumerate().Where(item => item.EventType == "endpoint").Select(item => item.Data).FirstOrDefault();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // What came before is the answer.
        }

        return (new("text/event-stream", Encoding.UTF8.GetString(buffer, 0, length), isMcp: endpoint is not null), endpoint);
    }

    /// <summary>For an operator; what somebody else wrote goes through <paramref name="clean"/>.</summary>
    public string Described(Func<string, string> clean) =>
        body.Trim() is not { Length: > 0 } text ? "no body" : IsMcp && text[0] == '{' ? clean(text) : $"{clean(type ?? "no media type")}, {clean(text)}";

    private static bool HoldsEvent(ReadOnlySpan<byte> read) => read.IndexOf("\n\n"u8) >= 0 || read.IndexOf("\r\n\r\n"u8) >= 0 || read.IndexOf("\r\r"u8) >= 0;

    private static bool IsJsonRpc(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } message && message.TryGetProperty("jsonrpc", out _);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
