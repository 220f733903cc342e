using System.Net.Sockets;
using System.Text;

namespace Deputy.Wire;

/// <summary>What a peer writes in answer to one request.</summary>
internal sealed class Reply(Socket socket, Stream stream, CancellationToken cancellation)
{
    public CancellationToken Cancellation => cancellation;

    /// <summary>Whether the connection ends with this answer.</summary>
    public bool Closes { get; set; }

    /// <summary>A whole answer with its length; <paramref name="headers"/> are lines, each with its line end.</summary>
    public Task SendAsync(int status, string body, string contentType = "application/json", string headers = "") =>
        WriteAsync($"HTTP/1.1 {status} Deputy\r\nContent-Type: {contentType}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>An answer without a body.</summary>
    public Task EmptyAsync(int status, string headers = "") =>
        WriteAsync($"HTTP/1.1 {status} Deputy\r\n{headers}Content-Length: 0\r\n\r\n");

    /// <summary>The head of an event stream; what follows is written as chunks.</summary>
    public Task StreamAsync(string headers = "") =>
        WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");

    public Task ChunkAsync(string text) => WriteAsync($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes, cancellation);

    public async Task WriteAsync(string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);

    /// <summary>Waits until the other side has closed; false when that takes longer.</summary>
    public async Task<bool> ClosedAsync(TimeSpan within)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(within);
        try
        {
            return await stream.ReadAsync(new byte[1], limit.Token) == 0;
        }
        catch (IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Closes = true;
        }
    }

    /// <summary>Ends the connection with a reset.</summary>
    public void Reset()
    {
        Closes = true;
        socket.Close(0);
    }
}
