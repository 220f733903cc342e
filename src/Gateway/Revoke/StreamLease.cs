namespace Gateway.Revoke;

/// <summary>
/// Ends one response stream at a set time by aborting the exchange with the client, which closes the leg to the MCP
/// server too. A listening stream ends when the token that opened it has expired; the answer to one request may run
/// until the server's limit.
/// </summary>
internal sealed class StreamLease : IDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>A timer takes no more than 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    private readonly HttpContext context;
    private readonly Action closed;
    private readonly TimeProvider clock;
    private readonly DateTimeOffset until;
    private readonly ITimer timer;
    private int disposed;

    public StreamLease(HttpContext context, TimeSpan life, bool listening, TimeProvider clock, Action closed)
    {
        this.context = context;
        this.closed = closed;
        this.clock = clock;
        until = clock.GetUtcNow() + life;
        Listening = listening;
        timer = clock.CreateTimer(static state => ((StreamLease)state!).EndWhenDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        EndWhenDue();
    }

    /// <summary>Whether the stream answers no request, and a client can open it anew elsewhere.</summary>
    public bool Listening { get; }

    /// <summary>Ends the stream now; for revocation and drain.</summary>
    public void End()
    {
        if (Volatile.Read(ref disposed) == 0)
        {
            context.Abort();
        }
    }

    /// <summary>Timers count in coarse ticks and may come a little early; the stream is not to.</summary>
    private void EndWhenDue()
    {
        var left = until - clock.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            End();
        }
        else
        {
            timer.Change(left < Shortest ? Shortest : left > Longest ? Longest : left, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            timer.Dispose();
            closed();
        }
    }
}
