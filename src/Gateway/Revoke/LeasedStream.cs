using Gateway.Connections;

namespace Gateway.Revoke;

/// <summary>
/// The bytes of an answer under a lease. When the lease ends in order, so do the bytes: at the end of an event, and as if
/// the MCP server had said no more.
/// </summary>
/// <param name="source">The answer's bytes.</param>
/// <param name="open">Opens the lease; called when the answer does not end at once, unless <see cref="Open"/> was before.</param>
/// <param name="isEvents">Whether the bytes are events.</param>
/// <param name="inOrder">Whether the bytes may end before the MCP server ends them.</param>
/// <param name="aborted">Whether the client has left, or is to see that the answer breaks off.</param>
internal sealed class LeasedStream(Stream source, Func<StreamLease> open, bool isEvents, bool inOrder, CancellationToken aborted) : ReadOnlyStream
{
    /// <summary>Bytes that may come at once and without a lease: an answer that is there already.</summary>
    public const int AtOnce = 64 * 1024;

    // There before anybody can be told to stop: an end that falls between a look at the lease and the read finds it. An answer
    // that may not end in order is broken off with its request, which whoever reads it hears of. Never disposed of: that
    // would have to wait for a cancellation that is under way, which may run on into the very code that disposes.
    private readonly CancellationTokenSource? either = inOrder ? new() : null;
    private CancellationTokenRegistration reader;
    private StreamLease? lease;
    private long length;
    private uint tail = '\n' << 8 | '\n';

    /// <summary>Opens the lease, whether or not there is something to wait for.</summary>
    public void Open()
    {
        if (lease is null)
        {
            lease = open();
            lease.Waits(Stop);
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (lease is { IsOver: true } && inOrder && !IsInMidst)
        {
            return new(0);
        }

        if (either is not null && reader.Token != cancellationToken)
        {
            // Once: who reads brings the same one every time.
            reader.Unregister();
            reader = cancellationToken.UnsafeRegister(static stream => ((LeasedStream)stream!).Stop(), this);
        }

        var reading = source.ReadAsync(buffer, either?.Token ?? cancellationToken);
        if (!reading.IsCompletedSuccessfully || length > AtOnce)
        {
            Open();
        }

        return reading.IsCompletedSuccessfully ? new(Note(buffer.Span, reading.Result)) : LaterAsync(reading, buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lease?.Waits(null);
            reader.Unregister();
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Whether what came last is a part of an event.</summary>
    private bool IsInMidst => isEvents && (tail & 0xFFFF) is not (0x0A0A or 0x0D0D or 0x0A0D) && (tail & 0xFFFFFF) is not (0x0A0D0A or 0x0D0D0A);

    private async ValueTask<int> LaterAsync(ValueTask<int> reading, Memory<byte> buffer)
    {
        try
        {
            var read = await reading;
            return Note(buffer.Span, read);
        }
        catch (OperationCanceledException) when (inOrder && !aborted.IsCancellationRequested)
        {
            // Its time is over, or the forwarder has waited for long enough.
            return 0;
        }
    }

    private int Note(ReadOnlySpan<byte> buffer, int read)
    {
        if (!buffer.IsEmpty && read > 0)
        {
            length += read;
            foreach (var character in buffer[Math.Max(0, read - 4)..read])
            {
                tail = tail << 8 | character;
            }

            lease?.Read(IsInMidst);
        }

        return read;
    }

    internal void Stop() => either?.Cancel();
}
