using System.Net.Sockets;
using Gateway.Configuration;

namespace Gateway.Forward;

/// <summary>Connects to destinations on Unix sockets (<see cref="UnixDestination"/>).</summary>
internal static class UnixSockets
{
    /// <summary>What such a server is asked as; nothing of the address that stands for it leaves.</summary>
    public const string Host = "localhost";

    /// <summary>Whether any of these addresses stands for a socket.</summary>
    public static bool Any(IEnumerable<string> addresses) =>
        addresses.Any(address => Uri.TryCreate(address, UriKind.Absolute, out var url) && UnixDestination.SocketOf(url.Host) is not null);

    /// <summary>Makes a handler, where there are such destinations, connect to the socket that a host stands for, and to every other host as ever.</summary>
    public static SocketsHttpHandler Connect(SocketsHttpHandler handler, bool onSockets)
    {
        handler.ConnectCallback = onSockets ? ConnectAsync : handler.ConnectCallback;
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var path = UnixDestination.SocketOf(context.DnsEndPoint.Host);
        var socket = path is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await (path is null ? socket.ConnectAsync(context.DnsEndPoint, cancellation) : socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
