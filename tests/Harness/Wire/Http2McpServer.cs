using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Harness.Wire;

/// <summary>An MCP server that speaks HTTP/2 with prior knowledge and writes its answers frame by frame.</summary>
internal sealed class Http2McpServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> requests = new();
    private readonly Func<int, (Http2Frame[] Frames, bool Closes)> answer;
    private readonly SocketAcceptor acceptor;

    private Http2McpServer(Func<int, (Http2Frame[] Frames, bool Closes)> answer)
    {
        this.answer = answer;
        acceptor = new SocketAcceptor(ServeAsync);
    }

    public string Url => $"http://{acceptor.Address}/mcp";

    /// <summary>Header block and body of each request, the block as its bytes.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    /// <summary>What a connection begins with.</summary>
    public Http2Frame Greeting { get; set; } = Http2Frame.Settings;

    /// <summary>What is written after the answer.</summary>
    public Func<Task<Http2Frame[]>>? Next { get; set; }

    /// <summary>Starts a server that answers the first request, the second, … with these frames, which are moved to its stream.</summary>
    public static Http2McpServer Start(Func<int, (Http2Frame[] Frames, bool Closes)> answer) => new(answer);

    public ValueTask DisposeAsync() => acceptor.DisposeAsync();

    private async Task ServeAsync(Socket socket, CancellationToken stopping)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var request = new StringBuilder();
        try
        {
            await stream.ReadExactlyAsync(new byte[Http2Frame.Preface.Length], stopping);
            await WriteAsync(stream, [Greeting], 0, stopping);
            while (await Http2Frame.ReadAsync(stream, stopping) is { } frame)
            {
                switch (frame.Type)
                {
                    case Http2Frame.Kind.Settings or Http2Frame.Kind.Ping when (frame.Flags & Http2Frame.Ack) == 0:
                        await stream.WriteAsync((frame with { Flags = Http2Frame.Ack, Payload = frame.Type == Http2Frame.Kind.Ping ? frame.Payload : [] }).ToBytes(), stopping);
                        break;
                    case Http2Frame.Kind.Headers or Http2Frame.Kind.Data:
                        request.Append(Encoding.Latin1.GetString(frame.Payload));
                        break;
                }

                if (frame.Type is Http2Frame.Kind.Headers or Http2Frame.Kind.Data && (frame.Flags & Http2Frame.EndStream) != 0)
                {
                    requests.Enqueue(request.ToString());
                    request.Clear();
                    var (frames, closes) = answer(requests.Count);
                    await WriteAsync(stream, frames, frame.Stream, stopping);
                    if (closes)
                    {
                        return;
                    }

                    if (Next is { } next)
                    {
                        await WriteAsync(stream, await next(), frame.Stream, stopping);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // Either side has closed.
        }
    }

    private static async Task WriteAsync(NetworkStream stream, Http2Frame[] frames, int id, CancellationToken stopping) =>
        await stream.WriteAsync(frames.SelectMany(frame => (frame.Stream == 0 ? frame : frame with { Stream = id }).ToBytes()).ToArray(), stopping);
}
