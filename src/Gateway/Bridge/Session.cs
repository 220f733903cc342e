namespace Gateway.Bridge;

/// <summary>
/// A session of the revisions before 2026-07-28: one client, one process of its own. What the process says goes to the
/// request that it names, and what names none to this client's streams, never to another's.
/// </summary>
internal sealed class Session : IReceiver
{
    private const int MaxPending = 1024;
    private const int MaxUnclaimed = 1024 * 1024;
    private readonly Lock gate = new();
    private readonly ILogger logger;
    private readonly TimeProvider clock;
    private readonly TimeSpan idle;
    private readonly List<Pending> pending = [];
    private readonly Queue<ReadOnlyMemory<byte>> unclaimed = [];
    private readonly ITimer timer;
    private Child? child;
    private Answer? stream;
    private int unclaimedBytes;
    private int inUse;
    private long lastUse;
    private bool isEnding;
    private bool closed;

    public Session(string id, TimeSpan idle, ILogger logger, TimeProvider clock)
    {
        (Id, this.idle, this.logger, this.clock) = (id, idle, logger, clock);
        timer = clock.CreateTimer(static session => ((Session)session!).EndWhenIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the client names it by; nobody can guess it.</summary>
    public string Id { get; }

    /// <summary>The process that the session has; once, before anything is sent. Until then it cannot be idle: a start may wait for a place.</summary>
    public void Join(Child process)
    {
        lock (gate)
        {
            child = process;
            lastUse = clock.GetTimestamp();
        }

        timer.Change(idle, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Where the answer to a request will come; the refusal when it cannot be told from another's.</summary>
    public Answer? Begin(Message asked, out BridgeRefusal? refusal)
    {
        lock (gate)
        {
            // A server does not answer what was cancelled: whoever is gone makes room, or the session would be full for good.
            if (pending.Count >= MaxPending && pending.FindIndex(request => request.Answer.IsClosed) is >= 0 and var left)
            {
                pending.RemoveAt(left);
            }

            refusal = pending.Count >= MaxPending ? BridgeRefusal.Busy
                : pending.Exists(other => other.Id == asked.Id.Key) ? BridgeRefusal.IdInUse
                : null;
            if (refusal is not null)
            {
                return null;
            }

            var answer = Open();
            pending.Add(new Pending(asked.Id.Key!, asked.WantedProgress.Key, answer));
            return answer;
        }
    }

    /// <summary>Opens the stream of what belongs to no request; the one before it ends, since its client may be gone unnoticed.</summary>
    public Answer Listen()
    {
        lock (gate)
        {
            stream?.Close();
            return stream = Open();
        }
    }

    /// <summary>Hands a message to the process; false when it has gone or the client leaves first.</summary>
    public ValueTask<bool> SendAsync(Message message, CancellationToken cancellation) => child!.SendAsync(message.Line, cancellation);

    /// <summary>Counts a request or stream that is open: while there is one, the session is not idle. False when it ends already.</summary>
    public bool TryUse()
    {
        lock (gate)
        {
            inUse += isEnding ? 0 : 1;
            return !isEnding;
        }
    }

    /// <summary>What <see cref="TryUse"/> has counted is over.</summary>
    public void Leave()
    {
        lock (gate)
        {
            inUse--;
            lastUse = clock.GetTimestamp();
        }
    }

    public Task EndAsync()
    {
        lock (gate)
        {
            isEnding = true;
        }

        return child!.EndAsync();
    }

    /// <summary>Ends what is open; the process has gone, or will have soon.</summary>
    public void Close()
    {
        timer.Dispose();
        lock (gate)
        {
            closed = true;
            stream?.Close();
            pending.ForEach(request => request.Answer.Close());
        }
    }

    /// <summary>Leads a message of the process to whom it belongs.</summary>
    public async ValueTask ReceivedAsync(Child from, Message message)
    {
        Answer? to;
        var isAnswer = message.Kind == Authorize.MessageKind.Response;
        lock (gate)
        {
            lastUse = clock.GetTimestamp();
            to = isAnswer ? Take(message.Id.Key) : ProgressOf(message) ?? Unrelated();
            if (to is null && !isAnswer && unclaimedBytes + message.Line.Length <= MaxUnclaimed)
            {
                unclaimed.Enqueue(message.Line);
                unclaimedBytes += message.Line.Length;
                return;
            }
        }

        if (to is null || !await to.DeliverAsync(new Delivery(message.Line, isAnswer, message.ErrorCode is not null), from.Over))
        {
            logger.MessageUnclaimed(from.Id);
        }
    }

    /// <summary>Ends the process, and so the session: its client's messages would have a gap that it does not see.</summary>
    public ValueTask TooLongAsync(Child from, Func<ValueTask<Message?>> outline)
    {
        _ = from.EndAsync();
        return default;
    }

    private Answer? Take(string? id)
    {
        var index = pending.FindIndex(request => request.Id == id);
        if (index < 0)
        {
            return null;
        }

        var answer = pending[index].Answer;
        pending.RemoveAt(index);
        return answer;
    }

    private Answer? ProgressOf(Message message) => message.ProgressToken.Key is { } token
        ? pending.Find(request => request.Progress == token && !request.Answer.IsClosed)?.Answer
        : null;

    /// <summary>
    /// What names no request: to the only call that is under way, which it is most likely about; else to the listening
    /// stream; else to the newest call.
    /// </summary>
    private Answer? Unrelated()
    {
        var open = pending.FindAll(request => !request.Answer.IsClosed);
        return open is [var only] ? only.Answer
            : stream is { IsClosed: false } ? stream
            : open is [.., var newest] ? newest.Answer
            : null;
    }

    /// <summary>A new answer, with what came while nobody listened.</summary>
    private Answer Open()
    {
        var answer = new Answer();
        while (unclaimed.TryDequeue(out var line))
        {
            unclaimedBytes -= line.Length;
            answer.TryDeliver(new Delivery(line));
        }

        if (closed)
        {
            answer.Close();
        }

        return answer;
    }

    private void EndWhenIdle()
    {
        lock (gate)
        {
            var left = inUse > 0 ? idle : idle - clock.GetElapsedTime(lastUse);
            if (left > TimeSpan.Zero)
            {
                timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }

            // In the same step: nobody's request comes to a process that is just being ended.
            isEnding = true;
        }

        _ = child?.EndAsync();
    }

    private sealed record Pending(string Id, string? Progress, Answer Answer);
}
