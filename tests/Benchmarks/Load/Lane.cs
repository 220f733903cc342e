using System.Diagnostics;
using System.Net.Sockets;

namespace Gateway.Benchmarks.Load;

/// <summary>
/// Calls at a fixed mean rate on connections of their own. When a call is due does not depend on earlier answers (an open
/// loop), and its latency counts from when it was due, so that a stall is felt by every call that it delays.
/// </summary>
internal sealed class Lane(int port, double perSecond, int connections, IReadOnlyList<byte[]> calls, int firstCall = 0, int seed = 1)
{
    private readonly Random random = new(seed);
    private readonly Queue<long> due = new();
    private readonly Stack<Link> idle = new();
    private readonly List<double> latencies = [];
    private int next = firstCall;
    private long nextDue;

    public IReadOnlyList<Link> Links { get; } = [.. Enumerable.Range(0, connections).Select(_ => new Link(port))];

    /// <summary>How many calls were taken from the list so far; beyond its length it begins anew.</summary>
    public int Taken => next;

    public int Errors { get; private set; }

    /// <summary>
    /// Told of every call that did not get its 200: when it was due, and what came in place of it. A connection that ended is
    /// then replaced; without this, it ends the measurement.
    /// </summary>
    public Action<long, string>? Failed { get; init; }

    /// <summary>How many calls are due or on their way.</summary>
    public int Open => due.Count + Links.Count - idle.Count;

    /// <summary>When the next call is due, as a timestamp.</summary>
    public long NextDue => nextDue;

    public void Begin(long now)
    {
        nextDue = now;
        foreach (var link in Links)
        {
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

        SendDue();
    }

    /// <summary>Sends what was due before, and nothing more.</summary>
    public void SendDue()
    {
        while (due.Count > 0 && idle.TryPop(out var link))
        {
            link.Due = due.Dequeue();
            try
            {
                link.Socket.Send(calls[next++ % calls.Count]);
            }
            catch (SocketException unsent) when (Failed is not null)
            {
                link.Renew();
                End(link, unsent.Message);
            }
        }
    }

    public void Receive(Link link)
    {
        string? failure;
        try
        {
            if (!link.Receive(out failure))
            {
                return;
            }
        }
        catch (InvalidOperationException ended) when (Failed is not null)
        {
            failure = ended.Message;
            link.Renew();
            if (idle.Contains(link))
            {
                return;
            }
        }

        End(link, failure);
    }

    public Round End()
    {
        if (Failed is not null)
        {
            foreach (var moment in due.Concat(Links.Except(idle).Select(link => link.Due)))
            {
                Failed(moment, "no answer");
            }
        }

        foreach (var link in Links)
        {
            link.Socket.Dispose();
        }

        latencies.Sort();
        return new Round(latencies.Count, At(0.5), At(0.99), At(0.999), Errors + due.Count);
    }

    private void End(Link link, string? failure)
    {
        latencies.Add(Stopwatch.GetElapsedTime(link.Due).TotalMicroseconds);
        if (failure is not null)
        {
            Errors++;
            Failed?.Invoke(link.Due, failure);
        }

        idle.Push(link);
    }

    private double At(double quantile) => latencies.Count == 0 ? double.NaN : latencies[Math.Min(latencies.Count - 1, (int)(quantile * latencies.Count))];
}
