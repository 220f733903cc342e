using System.Buffers;
using System.Globalization;
using System.Text;
using Gateway.Authorize;

namespace Gateway.Bridge;

/// <summary>
/// One process for all requests of the revisions from 2026-07-28 on. Clients choose their ids, and choose the same ones:
/// every id, progress token and subscription id is replaced by the bridge's own on the way in and put back on the way out,
/// and a message of the process that names none of them, or two that belong to different requests, goes to nobody.
/// </summary>
internal sealed class SharedChild(BridgeSettings settings, Children children, ILogger<SharedChild> logger, TimeProvider clock) : IReceiver, IDisposable
{
    private const int MaxPending = 1024;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim starting = new(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Pending> pending = new(StringComparer.Ordinal);
    private Child? current;
    private ITimer? timer;
    private long lastId;
    private long lastUse;

    public async Task RunAsync(HttpContext context, Message request)
    {
        var id = request.Line[request.Id.At];
        var (own, refusal) = await BeginAsync(request, context.RequestAborted);
        if (own is null)
        {
            await refusal!.WriteAsync(context, id);
            return;
        }

        var child = own.Child;
        var answered = false;
        try
        {
            using var over = child.Over.Register(own.Answer.Close);
            await child.SendAsync(Replace(request.Line, [(request.Id, own.Number), (request.WantedProgress, own.Number)]), context.RequestAborted);
            await new AnswerWriter(context, clock).WriteAsync(own.Answer, BridgeRefusal.Ended.ToDelivery(id));
            answered = true;
        }
        finally
        {
            // Whatever still comes for it belongs to nobody from now on.
            End(own);
            if (!answered)
            {
                _ = CancelAsync(child, own);
            }
        }
    }

    public ValueTask ReceivedAsync(Child from, Message message)
    {
        // Servers ask nothing in these revisions; a question would be nobody's to answer.
        if (message.Kind == MessageKind.Request || OwnerOf(message, from) is not { } owner)
        {
            logger.MessageUnclaimed(from.Id);
            return default;
        }

        var isAnswer = message.Kind == MessageKind.Response;
        var line = Replace(message.Line, [(message.Id, owner.Id), (message.ProgressToken, owner.Progress), (message.RequestId, owner.Id), (message.Subscription, owner.Id)]);
        if (!owner.Answer.TryDeliver(new Delivery(line, isAnswer, message.ErrorCode is not null, SingleRequest.StatusOf(message.ErrorCode, owner.Request))))
        {
            logger.MessageUnclaimed(from.Id);
        }

        return default;
    }

    /// <summary>
    /// Fails the one request that the line is the answer to. Where it does not say so beyond doubt, all that wait go on
    /// waiting, as for a process that never answers: to fail one of them would be to guess.
    /// </summary>
    public async ValueTask TooLongAsync(Child from, Func<ValueTask<Message?>> outline)
    {
        if (await outline() is not { Kind: MessageKind.Response } message || OwnerOf(message, from) is not { } owner
            || !owner.Answer.TryDeliver(BridgeRefusal.AnswerTooLarge.ToDelivery(owner.Id)))
        {
            logger.MessageUnclaimed(from.Id);
        }
    }

    public void Dispose()
    {
        timer?.Dispose();
        starting.Dispose();
    }

    /// <summary>A line with each reference that is given replaced.</summary>
    internal static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> line, ReadOnlySpan<(Reference Reference, ReadOnlyMemory<byte> Instead)> changes)
    {
        var sorted = changes.ToArray().Where(change => change.Reference.IsGiven).OrderBy(change => change.Reference.At.Start.Value).ToArray();
        var result = new ArrayBufferWriter<byte>(line.Length + 64);
        var at = 0;
        foreach (var (reference, instead) in sorted)
        {
            result.Write(line.Span[at..reference.At.Start.Value]);
            result.Write(instead.Span);
            at = reference.At.End.Value;
        }

        result.Write(line.Span[at..]);
        return result.WrittenMemory;
    }

    /// <summary>The one request that everything a message names belongs to.</summary>
    private Pending? OwnerOf(Message message, Child from)
    {
        Pending? owner = null;
        lock (gate)
        {
            lastUse = clock.GetTimestamp();
            foreach (var reference in (ReadOnlySpan<Reference>)[message.Id, message.ProgressToken, message.RequestId, message.Subscription])
            {
                if (!reference.IsGiven)
                {
                    continue;
                }

                if (!pending.TryGetValue(reference.Key!, out var named) || named.Child != from || (owner ?? named) != named)
                {
                    return null;
                }

                owner = named;
            }
        }

        // Progress that the client has not asked for has no token to put back.
        return message.Kind == MessageKind.Response && !message.Id.IsGiven || (message.ProgressToken.IsGiven && owner!.Progress.IsEmpty) ? null : owner;
    }

    /// <summary>The request as one of the process's, which is started when there is none; the refusal when it cannot be.</summary>
    private async ValueTask<(Pending? Own, BridgeRefusal? Refusal)> BeginAsync(Message request, CancellationToken cancellation)
    {
        await starting.WaitAsync(cancellation);
        try
        {
            lock (gate)
            {
                // Here and not before: of a process that no request counts on, the timer may have ended it meanwhile.
                if (pending.Count >= MaxPending)
                {
                    return (null, BridgeRefusal.Busy);
                }

                if (current is { Over.IsCancellationRequested: false })
                {
                    return (Add(current, request), null);
                }
            }

            var (child, refusal) = await children.StartAsync(this, cancellation);
            if (child is null)
            {
                return (null, refusal);
            }

            lock (gate)
            {
                var own = Add(child, request);
                (current, lastUse) = (child, clock.GetTimestamp());
                timer?.Dispose();
                timer = clock.CreateTimer(EndWhenIdle, child, settings.Idle, Timeout.InfiniteTimeSpan);
                return (own, null);
            }
        }
        finally
        {
            starting.Release();
        }
    }

    private Pending Add(Child child, Message request)
    {
        var number = (++lastId).ToString(CultureInfo.InvariantCulture);
        var own = new Pending(
            "n" + number,
            Encoding.ASCII.GetBytes(number),
            child,
            request,
            request.Line[request.Id.At],
            request.WantedProgress.IsGiven ? request.Line[request.WantedProgress.At] : default,
            new Answer());
        pending.Add(own.Key, own);
        return own;
    }

    private void End(Pending own)
    {
        lock (gate)
        {
            pending.Remove(own.Key);
            lastUse = clock.GetTimestamp();
        }
    }

    private async Task CancelAsync(Child child, Pending own)
    {
        using var patience = new CancellationTokenSource(Farewell, clock);
        await child.SendAsync(SingleRequest.Cancellation(own.Number), patience.Token);
    }

    private void EndWhenIdle(object? state)
    {
        var child = (Child)state!;
        lock (gate)
        {
            if (child != current)
            {
                return;
            }

            var left = pending.Count > 0 ? settings.Idle : settings.Idle - clock.GetElapsedTime(lastUse);
            if (left > TimeSpan.Zero)
            {
                timer!.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }

            // In the same step: it is handed to nobody any more.
            current = null;
        }

        _ = child.EndAsync();
    }

    /// <summary>A request under way: the bridge's number for it, and what the client called it.</summary>
    private sealed record Pending(string Key, ReadOnlyMemory<byte> Number, Child Child, Message Request, ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Progress, Answer Answer);
}
