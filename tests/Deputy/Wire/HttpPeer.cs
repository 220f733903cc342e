using System.Net;
using System.Net.Sockets;

namespace Deputy.Wire;

/// <summary>
/// An HTTP/1.1 server that says exactly the bytes it is told to: the honest and the hostile side of everything that a
/// gateway talks to. It can go away and come back on its port.
/// </summary>
internal sealed class HttpPeer(Func<ReceivedRequest, Reply, Task> answer) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopped = new();
    private TcpListener? listener;
    private int accepted;

    public int Port { get; private set; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>How many connections came.</summary>
    public int Connections => Volatile.Read(ref accepted);

    public void Open(int port = 0)
    {
        listener = new TcpListener(IPAddress.Loopback, Port > 0 ? Port : port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start(512);
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = AcceptAsync(listener);
    }

    /// <summary>Refuses connections until it is opened again; those that are open stay.</summary>
    public void Close()
    {
        listener?.Stop();
        listener = null;
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await stopped.CancelAsync();
        stopped.Dispose();
    }

    private async Task AcceptAsync(TcpListener from)
    {
        while (true)
        {
            try
            {
                var socket = await from.AcceptSocketAsync();
                Interlocked.Increment(ref accepted);
                _ = ServeAsync(socket);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var connection = socket;
        try
        {
            var cancellation = stopped.Token;
            socket.NoDelay = true;
            await using var stream = new NetworkStream(socket);
            var reader = new ByteReader(stream);
            while (await ReceivedRequest.ReadAsync(reader, TimeProvider.System, cancellation) is { } request)
            {
                var reply = new Reply(socket, stream, cancellation);
                await answer(request, reply);
                if (reply.Closes)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other side left, or the kit is done.
        }
    }
}
