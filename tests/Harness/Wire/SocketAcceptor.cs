using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Harness.Wire;

/// <summary>Listens on a free port, and serves every connection until the test is over.</summary>
internal sealed class SocketAcceptor : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<Task> connections = [];
    private readonly Func<Socket, CancellationToken, Task> serve;
    private readonly Task accepting;

    public SocketAcceptor(Func<Socket, CancellationToken, Task> serve)
    {
        this.serve = serve;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The address as a host and a port.</summary>
    public EndPoint Address => listener.LocalEndpoint;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(connections);
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                connections.Add(serve(await listener.AcceptSocketAsync(stopping.Token), stopping.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException || (stopping.IsCancellationRequested && exception is InvalidOperationException))
        {
            // The test is over; a listener that was stopped meanwhile is no more to be asked.
        }
    }
}
