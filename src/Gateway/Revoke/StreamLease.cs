namespace Gateway.Revoke;

/// <summary>
/// How long one answer may go on: until its time is over, or until it has been silent for too long. An answer that ends
/// so ends in order, as if the MCP server had ended it, so that a client opens it anew; a revocation breaks it off.
/// </summary>
/// <param name="context">The request that is answered.</param>
/// <param name="terms">When the answer ends.</param>
/// <param name="clock">The time.</param>
/// <param name="closed">Is called once, when the answer has ended in whatever way.</param>
internal sealed class StreamLease(HttpContext context, StreamTerms terms, TimeProvider clock, Action<StreamLease> closed) : IDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>A timer takes no more than 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>How long an event may take to become whole once its stream is to end.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private DateTimeOffset until = terms.Until;
    private long lastRead = clock.GetTimestamp();
    private ITimer? timer;
    private Action? stop;
    private volatile bool isOver;
    private volatile bool inMidst;
    private bool disposed;

    /// <summary>Whether the answer answers no request, and a client can open it anew elsewhere.</summary>
    public bool Listening => terms.Listening;

    /// <summary>The stream that carries the answers of a session of the HTTP+SSE transport; null for any other answer.</summary>
    public AnswerChannel? Channel => terms.Channel;

    /// <summary>Whether nothing more is to be read; what is in the midst of an event may still be.</summary>
    public bool IsOver => isOver;

    /// <summary>Who waits for the answer, and is told to wait no more; null when nobody does. Told at once when it is over already.</summary>
    public void Waits(Action? waiting)
    {
        bool tooLate;
        lock (gate)
        {
            stop = waiting;
            tooLate = isOver && waiting is not null;
        }

        if (tooLate)
        {
            Cut();
        }
    }

    /// <summary>Lets time run. Apart from making it, since it may be over already.</summary>
    public StreamLease Start()
    {
        lock (gate)
        {
            timer = clock.CreateTimer(static state => ((StreamLease)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        Look();
        return this;
    }

    /// <summary>Something was read; and whether more of it belongs to the same event.</summary>
    public void Read(bool isInMidst)
    {
        lastRead = clock.GetTimestamp();
        inMidst = isInMidst;
    }

    /// <summary>Lets the answer go on until then, if that is later.</summary>
    public void Prolong(DateTimeOffset later)
    {
        lock (gate)
        {
            until = later > until ? later : until;
        }
    }

    /// <summary>Ends the answer in order, at the end of the event that it is in the midst of.</summary>
    public void End()
    {
        lock (gate)
        {
            if (isOver || disposed)
            {
                return;
            }

            isOver = true;
            if (terms.InOrder && inMidst)
            {
                timer?.Change(Grace, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Cut();
    }

    /// <summary>Ends the answer for a drain: at once, or when the answers that it owes have passed.</summary>
    public void Drain()
    {
        if (Channel is null || Channel.Drain(End))
        {
            End();
        }
    }

    /// <summary>Breaks the answer off now, both legs: what it is in the name of is revoked.</summary>
    public void Abort()
    {
        lock (gate)
        {
            // Once the answer has ended its context is another request's, perhaps another caller's.
            if (!disposed)
            {
                context.Abort();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            timer?.Dispose();
        }

        closed(this);
    }

    private void Cut()
    {
        if (!terms.InOrder)
        {
            // Half a document must not pass for a whole one.
            Abort();
            return;
        }

        Action? waiting;
        lock (gate)
        {
            waiting = stop;
        }

        waiting?.Invoke();
    }

    /// <summary>Timers count in coarse ticks and may come a little early; the answer is not to end before its time.</summary>
    private void Look()
    {
        lock (gate)
        {
            if (!isOver && !disposed)
            {
                var silent = terms.Silence - clock.GetElapsedTime(lastRead);
                var left = until - clock.GetUtcNow();
                left = silent < left ? silent : left;
                if (terms.Deadline < long.MaxValue && clock.GetElapsedTime(clock.GetTimestamp(), terms.Deadline) is var lasting && lasting < left)
                {
                    left = lasting;
                }

                if (left > TimeSpan.Zero)
                {
                    timer!.Change(left < Shortest ? Shortest : left > Longest ? Longest : left, Timeout.InfiniteTimeSpan);
                    return;
                }
            }
        }

        if (isOver)
        {
            Cut();
        }
        else
        {
            End();
        }
    }
}

/// <summary>When an answer ends.</summary>
/// <param name="Until">The time at which it is over.</param>
/// <param name="Silence">How long nothing may come.</param>
/// <param name="Listening">Whether it answers no request of its own.</param>
/// <param name="InOrder">Whether it can end before the MCP server ends it, and be whole as far as it came.</param>
/// <param name="Channel">What it carries besides, in the HTTP+SSE transport.</param>
internal sealed record StreamTerms(DateTimeOffset Until, TimeSpan Silence, bool Listening, bool InOrder, AnswerChannel? Channel = null)
{
    /// <summary>The timestamp that it may last until, whatever the time of day is then; the largest: as long as <see cref="Until"/> says.</summary>
    public long Deadline { get; init; } = long.MaxValue;
}
