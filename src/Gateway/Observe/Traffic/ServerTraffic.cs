namespace Gateway.Observe.Traffic;

/// <summary>
/// What became of one server's requests: minute by minute over the last hour, and in sum since the start. Arrays of a fixed
/// size, counted in without a lock and without allocation; what it takes does not depend on who asks for what.
/// </summary>
internal sealed class ServerTraffic
{
    /// <summary>How many minutes are told apart.</summary>
    public const int Minutes = 60;

    private const int FirstStatus = 100, Statuses = 500;
    private readonly TrafficMinute[] ring = [.. Enumerable.Range(0, Minutes).Select(_ => new TrafficMinute())];
    private readonly long[] answers = new long[Statuses + 1];
    private readonly TimeProvider clock;
    private readonly DateTimeOffset origin;
    private readonly long originTimestamp;
    private long allowed;
    private long refused;
    private long streams;
    private long lastSuccess;

    public ServerTraffic(TimeProvider clock)
    {
        this.clock = clock;
        (origin, originTimestamp) = (clock.GetUtcNow(), clock.GetTimestamp());
    }

    /// <summary>Counts a request whose outcome is known; <paramref name="elapsed"/> is how long that took.</summary>
    public void Completed(RequestRecord record, TimeSpan elapsed)
    {
        var now = record.Time + elapsed;
        if (!record.Allowed)
        {
            Interlocked.Increment(ref refused);
            Minute(now)?.Count(record.Reason is "token_missing" or "use_dpop_nonce" ? TrafficCount.Challenged : TrafficCount.Refused);
            return;
        }

        Interlocked.Increment(ref allowed);
        if (record.Reason is null && record.Status < 400)
        {
            Volatile.Write(ref lastSuccess, now.UtcTicks);
        }

        if (Minute(now) is { } minute)
        {
            minute.Count(TrafficCount.Allowed);
            if (record.Status >= 500)
            {
                minute.Count(TrafficCount.Failed);
            }

            minute.Took(elapsed, elapsed - record.McpServerTime);
        }
    }

    /// <summary>Counts an answer of the MCP server, whatever becomes of it.</summary>
    public void Answered(int status)
    {
        Interlocked.Increment(ref answers[status is >= FirstStatus and < FirstStatus + Statuses ? status - FirstStatus : Statuses]);
        Minute(Now)?.Count(status switch
        {
            < 400 => TrafficCount.AnsweredWell,
            < 500 => TrafficCount.Answered4xx,
            _ => TrafficCount.Answered5xx,
        });
    }

    public void StreamOpened() => Interlocked.Increment(ref streams);

    public void StreamClosed() => Interlocked.Decrement(ref streams);

    /// <summary>What was counted, with the last so many minutes in sum.</summary>
    public TrafficView View(int window)
    {
        var minute = Now.ToUnixTimeSeconds() / 60;
        var sum = new TrafficMinute();
        var history = new (int Allowed, int Refused)[Minutes];
        for (var i = 0; i < Minutes; i++)
        {
            var wanted = minute - Minutes + 1 + i;
            var slot = ring[wanted % Minutes];
            if (slot.Number != wanted)
            {
                continue;
            }

            history[i] = (slot[TrafficCount.Allowed], slot[TrafficCount.Refused] + slot[TrafficCount.Challenged]);
            if (wanted > minute - window)
            {
                sum.Add(slot);
            }
        }

        var ticks = Volatile.Read(ref lastSuccess);
        return new TrafficView
        {
            Allowed = Volatile.Read(ref allowed),
            Refused = Volatile.Read(ref refused),
            Streams = Volatile.Read(ref streams),
            LastSuccess = ticks == 0 ? null : new DateTimeOffset(ticks, TimeSpan.Zero),
            Answers = [.. answers.Select((count, i) => (Status: i == Statuses ? 0 : FirstStatus + i, Count: Volatile.Read(ref answers[i]))).Where(answer => answer.Count > 0)],
            Window = sum,
            History = [.. history],
        };
    }

    // One reading of the clock that both kinds of time come from, so that a request costs none of its own.
    private DateTimeOffset Now => origin + clock.GetElapsedTime(originTimestamp);

    /// <summary>The minute of that moment; null when it has given way to a later one.</summary>
    private TrafficMinute? Minute(DateTimeOffset moment)
    {
        var number = moment.ToUnixTimeSeconds() / 60;
        var slot = ring[number % Minutes];
        return slot.Number == number || slot.Begin(number) ? slot : null;
    }
}
