using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Benchmarks.Load;

/// <summary>
/// Calls at a fixed mean rate on connections of their own. When a call is due does not depend on earlier answers (an open
/// loop), and its latency counts from when it was due, so that a stall is felt by every call that it delays.
/// </summary>
internal sealed class Lane(int port, double perSecond, int connections, IReadOnlyList<byte[]> calls, int firstCall = 0)
{
    private readonly Random random = new(1);
    private readonly Queue<long> due = new();
    private readonly Stack<Link> idle = new();
    private readonly List<double> latencies = [];
    private int next = firstCall;
    private long nextDue;

    public IReadOnlyList<Link> Links { get; } = [.. Enumerable.Range(0, connections).Select(_ => new Link(CallBytes.Connect(port)))];

    /// <summary>How many calls were taken from the list so far; beyond its length it begins anew.</summary>
    public int Taken => next;

    public int Errors { get; private set; }

    /// <summary>When the next call is due, as a timestamp.</summary>
    public long NextDue => nextDue;

    public void Begin(long now)
    {
        nextDue = now;
        foreach (var link in Links)
        {
            link.Socket.Blocking = false;
            idle.Push(link);
        }
    }

    /// <summary>Sends what is due, as far as there are idle connections.</summary>
    public void Send(long now)
    {
        while (nextDue <= now)
        {
            due.Enqueue(nextDue);

            // Callers who know nothing of each other: exponential gaps.
            nextDue += (long)(-Math.Log(1 - random.NextDouble()) / perSecond * Stopwatch.Frequency) + 1;
        }

        while (due.Count > 0 && idle.TryPop(out var link))
        {
            link.Due = due.Dequeue();
            link.Socket.Send(calls[next++ % calls.Count]);
        }
    }

    public void Receive(Link link)
    {
        if (!link.Receive(out var good))
        {
            return;
        }

        latencies.Add(Stopwatch.GetElapsedTime(link.Due).TotalMicroseconds);
        Errors += good ? 0 : 1;
        idle.Push(link);
    }

    public Round End()
    {
        foreach (var link in Links)
        {
            link.Socket.Dispose();
        }

        latencies.Sort();
        return new Round(latencies.Count, At(0.5), At(0.99), At(0.999), Errors + due.Count);
    }

    private double At(double quantile) => latencies.Count == 0 ? double.NaN : latencies[Math.Min(latencies.Count - 1, (int)(quantile * latencies.Count))];

    /// <summary>One connection, with one call on its way at a time.</summary>
    internal sealed class Link(Socket socket)
    {
        private readonly byte[] buffer = new byte[8192];
        private int filled;

        public Socket Socket => socket;

        public long Due { get; set; }

        /// <summary>Reads what is there; true when the answer is whole.</summary>
        public bool Receive(out bool good)
        {
            good = false;
            var read = socket.Receive(buffer.AsSpan(filled), SocketFlags.None, out var error);
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

            good = answer.StartsWith("HTTP/1.1 200 "u8);
            filled = 0;
            return true;
        }

        private static int ContentLength(ReadOnlySpan<byte> head)
        {
            var at = head.IndexOf("Content-Length: "u8);
            return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out int length, out _)
                ? length
                : throw new InvalidOperationException("An answer under load has no length: " + Encoding.ASCII.GetString(head));
        }
    }
}
