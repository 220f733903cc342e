using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Benchmarks.Load;

/// <summary>Requests as bytes on the wire, and connections to send them on.</summary>
internal static class CallBytes
{
    public static byte[] Call(string path, string token) => Encoding.ASCII.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: {Wrk.Call.Length}\r\n\r\n{Wrk.Call}");

    public static byte[] Listen(string path, string token) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n");

    public static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    /// <summary>Makes every call once, so that each token is known and each hop token is there; throws when one is refused.</summary>
    public static Task EveryOnceAsync(int port, IReadOnlyList<(string Path, string Token)> calls) => Parallel.ForEachAsync(
        Enumerable.Range(0, Wrk.Connections),
        new ParallelOptions { MaxDegreeOfParallelism = Wrk.Connections },
        async (part, cancellationToken) =>
        {
            using var socket = Connect(port);
            var buffer = new byte[8192];
            for (var i = part; i < calls.Count; i += Wrk.Connections)
            {
                await socket.SendAsync(Call(calls[i].Path, calls[i].Token), cancellationToken);
                var read = await socket.ReceiveAsync(buffer, cancellationToken);
                if (!buffer.AsSpan(0, read).StartsWith("HTTP/1.1 200 "u8))
                {
                    throw new InvalidOperationException("A call was refused: " + Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 300)));
                }
            }
        });
}
