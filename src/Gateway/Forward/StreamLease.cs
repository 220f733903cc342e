namespace Gateway.Forward;

/// <summary>
/// Ends one response stream at a set time by aborting the exchange with the client, which closes the leg to the MCP
/// server too. A listening stream ends when the token that opened it has expired; the answer to one request may run
/// until the server's limit.
/// </summary>
internal sealed class StreamLease : IDisposable
{
    private readonly HttpContext context;
    private readonly Action closed;
    private readonly ITimer timer;
    private int disposed;

    public StreamLease(HttpContext context, TimeSpan life, bool listening, TimeProvider clock, Action closed)
    {
        this.context = context;
        this.closed = closed;
        Listening = listening;
        timer = clock.CreateTimer(static state => ((StreamLease)state!).End(), this, life > TimeSpan.Zero ? life : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
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

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            timer.Dispose();
            closed();
        }
    }
}
