using System.Threading.Channels;

namespace Gateway.Bridge;

/// <summary>A message on its way to a client.</summary>
/// <param name="Line">The message, as one line.</param>
/// <param name="IsLast">Whether it is the answer itself, after which nothing comes.</param>
/// <param name="IsError">Whether the answer is an error.</param>
/// <param name="Status">The HTTP status, should it be the whole answer.</param>
internal readonly record struct Delivery(ReadOnlyMemory<byte> Line, bool IsLast = false, bool IsError = false, int Status = StatusCodes.Status200OK);

/// <summary>
/// What goes back to one HTTP request: whoever has messages for it delivers them here, and the request writes them
/// (<see cref="AnswerWriter"/>).
/// </summary>
internal sealed class Answer
{
    private const int Room = 1024 * 1024;
    private readonly Channel<Delivery> deliveries = Channel.CreateUnbounded<Delivery>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<bool> room = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long held;
    private volatile bool closed;

    /// <summary>Whether nothing that is delivered arrives any more.</summary>
    public bool IsClosed => closed;

    /// <summary>
    /// Delivers a message once there is room for it: a client that does not read holds up its own server, and no memory.
    /// False when the request has ended.
    /// </summary>
    public async ValueTask<bool> DeliverAsync(Delivery delivery, CancellationToken cancellation)
    {
        while (Volatile.Read(ref held) >= Room && !closed)
        {
            try
            {
                await room.Reader.ReadAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return Add(delivery);
    }

    /// <summary>Delivers a message at once; a client that has let too much lie gets nothing more. False then, or when the request has ended.</summary>
    public bool TryDeliver(Delivery delivery)
    {
        if (Volatile.Read(ref held) >= Room)
        {
            Close();
        }

        return Add(delivery);
    }

    /// <summary>Nothing more is delivered; what has been still arrives.</summary>
    public void Close()
    {
        closed = true;
        deliveries.Writer.TryComplete();
        room.Writer.TryWrite(true);
    }

    /// <summary>The next message; null when none comes any more. <see cref="TimeoutException"/> when it is quiet for that long.</summary>
    public async ValueTask<Delivery?> ReadAsync(TimeSpan quiet, TimeProvider clock, CancellationToken cancellation)
    {
        if (!deliveries.Reader.TryRead(out var delivery))
        {
            if (!await deliveries.Reader.WaitToReadAsync(cancellation).AsTask().WaitAsync(quiet, clock, cancellation)
                || !deliveries.Reader.TryRead(out delivery))
            {
                return null;
            }
        }

        Interlocked.Add(ref held, -delivery.Line.Length);
        room.Writer.TryWrite(true);
        return delivery;
    }

    private bool Add(Delivery delivery)
    {
        if (closed)
        {
            return false;
        }

        Interlocked.Add(ref held, delivery.Line.Length);
        return deliveries.Writer.TryWrite(delivery);
    }
}
