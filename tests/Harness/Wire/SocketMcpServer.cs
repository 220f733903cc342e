using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Harness.Wire;

/// <summary>An MCP server that is a bare socket: what a test writes is what the gateway reads, and what it reads is kept byte for byte.</summary>
internal sealed class SocketMcpServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> requests = new();
    private readonly SocketAcceptor acceptor;

    private SocketMcpServer() => acceptor = new SocketAcceptor(ServeAsync);

    public string Url => $"http://{acceptor.Address}/mcp";

    /// <summary>Head and body of each request.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    /// <summary>Writes the answer to a request; the connection stays open for the next unless it is closed here.</summary>
    public Func<NetworkStream, Task> Answer { get; set; } = stream => stream.WriteAsync("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"u8.ToArray()).AsTask();

    public static SocketMcpServer Start() => new();

    /// <summary>Writes these characters, each of them one byte, and closes as <paramref name="close"/> says.</summary>
    public static Func<NetworkStream, Task> Says(string text, Close close = Close.No) => async stream =>
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
        switch (close)
        {
            case Close.Fin:
                stream.Socket.Shutdown(SocketShutdown.Send);
                break;
            case Close.Reset:
                // What was written is on its way in loopback's order; the reset comes after it.
                stream.Socket.Close(0);
                break;
        }
    };

    public ValueTask DisposeAsync() => acceptor.DisposeAsync();

    private async Task ServeAsync(Socket socket, CancellationToken stopping)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var closing = stopping.Register(socket.Dispose);
        try
        {
            while (await ReadAsync(stream) is { } request)
            {
                requests.Enqueue(request);
                await Answer(stream);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // Either side has closed.
        }
    }

    /// <summary>One request with its body, which the gateway frames by length or in chunks; null at the end of the connection.</summary>
    private static async Task<string?> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!IsWhole(text.ToString()))
        {
            var read = await stream.ReadAsync(buffer);
            if (read == 0)
            {
                return null;
            }

            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        const string Length = "\r\nContent-Length: ";
        var at = text.IndexOf(Length, 0, end, StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            var value = text[(at + Length.Length)..text.IndexOf("\r\n", at + 2, StringComparison.Ordinal)];
            return text.Length - end - 4 >= int.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
        }

        return !text[..end].Contains("\r\nTransfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase) || text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal);
    }
}

/// <summary>How a server ends a connection.</summary>
internal enum Close
{
    No,
    Fin,
    Reset,
}
