using System.Net.Sockets;
using System.Text;

namespace Gateway.Benchmarks.Load;

/// <summary>One connection, with one call on its way at a time.</summary>
internal sealed class Link(int port)
{
    private readonly byte[] buffer = new byte[8192];
    private int filled;

    public Socket Socket { get; private set; } = Connect(port);

    public long Due { get; set; }

    /// <summary>Another connection in place of one that ended.</summary>
    public void Renew()
    {
        Socket.Dispose();
        Socket = Connect(port);
        filled = 0;
    }

    /// <summary>Reads what is there; true when the answer is whole, which is the <paramref name="failure"/> when it is no 200.</summary>
    public bool Receive(out string? failure)
    {
        failure = null;
        var read = Socket.Receive(buffer.AsSpan(filled), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return false;
        }

        if (error != SocketError.Success || read == 0)
        {
            throw new InvalidOperationException($"A connection under load ended: {error}; last read: {Encoding.ASCII.GetString(buffer, 0, Math.Min(filled, 300))}");
        }

        filled += read;
        var answer = buffer.AsSpan(0, filled);
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0 || filled < head + 4 + ContentLength(answer[..head]))
        {
            return false;
        }

        failure = answer.StartsWith("HTTP/1.1 200 "u8) ? null : Encoding.ASCII.GetString(answer);
        filled = 0;
        return true;
    }

    private static Socket Connect(int port)
    {
        var socket = CallBytes.Connect(port);
        socket.Blocking = false;
        return socket;
    }

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out int length, out _)
            ? length
            : throw new InvalidOperationException("An answer under load has no length: " + Encoding.ASCII.GetString(head));
    }
}
