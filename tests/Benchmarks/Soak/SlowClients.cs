using System.Net.Sockets;
using Gateway.Benchmarks.Load;

namespace Gateway.Benchmarks.Soak;

/// <summary>Clients that are slow, silent or gone, some of each kind at all times. Nobody counts what they get.</summary>
/// <param name="port">The gateway's.</param>
/// <param name="call">A call with a body.</param>
/// <param name="flood">A call that is answered by as many events as are read.</param>
internal sealed class SlowClients(int port, byte[] call, byte[] flood)
{
    private const int OfEach = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    public Task RunAsync(CancellationToken cancellation)
    {
        Func<Socket, CancellationToken, Task>[] kinds =
        [
            (socket, stop) => SendByteByByteAsync(socket, TimeSpan.FromMilliseconds(20), stop),
            (socket, stop) => SendByteByByteAsync(socket, TimeSpan.FromMilliseconds(300), stop),
            ReadSlowlyAsync,
            ReadNothingAsync,
            (_, stop) => Task.Delay(Long, stop),
            SendHalfAHeadAsync,
            (socket, stop) => SendAndVanishAsync(socket, call.AsMemory(0, call.Length - 10), stop),
            (socket, stop) => SendAndVanishAsync(socket, call, stop),
            ReadOnceAndVanishAsync,
        ];
        return Task.WhenAll(kinds.SelectMany(kind => Enumerable.Range(0, OfEach).Select(_ => RepeatAsync(kind, cancellation))));
    }

    private async Task RepeatAsync(Func<Socket, CancellationToken, Task> behave, CancellationToken cancellation)
    {
        while (true)
        {
            using (var socket = CallBytes.Connect(port))
            {
                try
                {
                    await behave(socket, cancellation);
                }
                catch (SocketException)
                {
                    // Cut off, as is right.
                }
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    private async Task SendByteByByteAsync(Socket socket, TimeSpan pause, CancellationToken cancellation)
    {
        var body = call.Length - Wrk.Call.Length;
        await socket.SendAsync(call.AsMemory(0, body), cancellation);
        for (var i = body; i < call.Length; i++)
        {
            await Task.Delay(pause, cancellation);
            await socket.SendAsync(call.AsMemory(i, 1), cancellation);
        }

        await socket.ReceiveAsync(new byte[4096], cancellation);
    }

    private async Task ReadSlowlyAsync(Socket socket, CancellationToken cancellation)
    {
        socket.ReceiveBufferSize = 4096;
        await socket.SendAsync(flood, cancellation);
        var buffer = new byte[512];
        for (var i = 0; i < 40 && await socket.ReceiveAsync(buffer, cancellation) > 0; i++)
        {
            await Task.Delay(Pause, cancellation);
        }
    }

    private async Task ReadNothingAsync(Socket socket, CancellationToken cancellation)
    {
        socket.ReceiveBufferSize = 4096;
        await socket.SendAsync(flood, cancellation);
        await Task.Delay(Long, cancellation);
    }

    /// <summary>Until the gateway has had enough of it.</summary>
    private async Task SendHalfAHeadAsync(Socket socket, CancellationToken cancellation)
    {
        await socket.SendAsync(call.AsMemory(0, 100), cancellation);
        while (await socket.ReceiveAsync(new byte[4096], cancellation) > 0)
        {
        }
    }

    private async Task ReadOnceAndVanishAsync(Socket socket, CancellationToken cancellation)
    {
        await socket.SendAsync(flood, cancellation);
        await socket.ReceiveAsync(new byte[4096], cancellation);
        socket.LingerState = new LingerOption(true, 0);
    }

    private static async Task SendAndVanishAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await socket.SendAsync(bytes, cancellation);
        socket.LingerState = new LingerOption(true, 0);
    }
}
