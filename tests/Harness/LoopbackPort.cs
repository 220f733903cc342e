using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Harness;

/// <summary>A free port of this machine that stays ours: it can refuse connections and take them again, and counts them.</summary>
internal sealed class LoopbackPort : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> accepted = Channel.CreateUnbounded<ConnectionContext>();
    private readonly SocketConnectionContextFactory connections = new(new SocketConnectionFactoryOptions(), NullLogger.Instance);
    private readonly Socket reserved;
    private TcpListener listener = null!;
    private int open;
    private int most;

    public LoopbackPort()
    {
        // Bound and never listening: while nobody listens, the port is refused, and nobody else is given it.
        reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Listen();
    }

    public EndPoint EndPoint => reserved.LocalEndPoint!;

    public int Number => ((IPEndPoint)EndPoint).Port;

    /// <summary>How many connections are open.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>The most that were open at one time.</summary>
    public int Most => Volatile.Read(ref most);

    public void Listen()
    {
        listener = new TcpListener(IPAddress.Loopback, Number);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start();
        _ = AcceptAsync(listener);
    }

    /// <summary>Refuses connections; those that are open stay.</summary>
    public void Refuse() => listener.Stop();

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await accepted.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        Refuse();
        accepted.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        reserved.Dispose();
        connections.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync(TcpListener accepting)
    {
        try
        {
            while (true)
            {
                var connection = connections.Create(await accepting.AcceptSocketAsync());

                // One loop at a time accepts, so that nobody else writes this.
                Volatile.Write(ref most, Math.Max(most, Interlocked.Increment(ref open)));
                connection.ConnectionClosed.Register(() => Interlocked.Decrement(ref open));
                accepted.Writer.TryWrite(connection);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Told to stop.
        }
    }
}
