using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Load;

/// <summary>Event streams held open by one reader: how long each took to its first event, and what arrives later.</summary>
internal sealed class EventStreams : IDisposable
{
    private readonly List<Socket> streams = [];
    private readonly byte[] buffer = new byte[64 * 1024];

    /// <summary>From the request to the first event of each stream, in µs.</summary>
    public List<double> FirstEvents { get; } = [];

    /// <summary>From the server's writing of an event to its arrival, in µs.</summary>
    public List<double> Delays { get; } = [];

    public long Events { get; private set; }

    /// <summary>Opens streams one after the other, each to its first event, and by each of the requests in turn.</summary>
    public static Task<EventStreams> OpenAsync(int port, int count, params byte[][] requests) => Task.Factory.StartNew(
        () =>
        {
            var opened = new EventStreams();
            for (var i = 0; i < count; i++)
            {
                opened.Open(port, requests[i % requests.Length]);
            }

            return opened;
        },
        TaskCreationOptions.LongRunning);

    /// <summary>Reads whatever comes for so long.</summary>
    public Task ReadAsync(TimeSpan duration) => Task.Factory.StartNew(() => Read(duration), TaskCreationOptions.LongRunning);

    public void Dispose()
    {
        foreach (var stream in streams)
        {
            // At once and for good: nothing is to linger on into the next measurement.
            stream.LingerState = new LingerOption(true, 0);
            stream.Dispose();
        }
    }

    private void Open(int port, byte[] request)
    {
        var stream = CallBytes.Connect(port);
        streams.Add(stream);
        var sent = Stopwatch.GetTimestamp();
        stream.Send(request);
        for (var seen = 0; seen == 0;)
        {
            var read = stream.Receive(buffer);
            if (read == 0 || (buffer.AsSpan(0, read).StartsWith("HTTP/1.1 "u8) && !buffer.AsSpan(9, read - 9).StartsWith("200"u8)))
            {
                throw new InvalidOperationException("A stream was refused: " + System.Text.Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 300)));
            }

            seen = buffer.AsSpan(0, read).Count(Backend.EndOfEvent);
        }

        FirstEvents.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
    }

    private void Read(TimeSpan duration)
    {
        var readiness = new Readiness(streams);
        var begin = Stopwatch.GetTimestamp();
        for (var left = duration; left > TimeSpan.Zero; left = duration - Stopwatch.GetElapsedTime(begin))
        {
            readiness.Wait(left);
            for (var i = 0; i < streams.Count; i++)
            {
                if (readiness[i])
                {
                    Take(streams[i]);
                }
            }
        }
    }

    private void Take(Socket stream)
    {
        var read = stream.Receive(buffer);
        if (read == 0)
        {
            throw new InvalidOperationException("A stream ended while it was read.");
        }

        var arrived = buffer.AsSpan(0, read);
        Events += arrived.Count(Backend.EndOfEvent);
        var written = arrived.IndexOf("\"progress\":"u8);
        if (written >= 0 && arrived.Length >= written + 30 && Utf8Parser.TryParse(arrived.Slice(written + 11, 19), out long at, out _))
        {
            Delays.Add(Stopwatch.GetElapsedTime(at).TotalMicroseconds);
        }
    }
}
