using Gateway.Authorize.Bodies;
using Gateway.Connections;
using Gateway.Observe;

namespace Gateway.Forward;

/// <summary>
/// An MCP server's event stream in which single events are rewritten as they come. Comments and events pass as soon as
/// they are complete, and once there is nothing left to rewrite, bytes pass as they are. Holds at most one event, and no
/// more of it than <see cref="MaxEvent"/>: what is larger passes line by line where it may, and ends the stream where not.
/// </summary>
/// <param name="source">The stream as it comes.</param>
/// <param name="rewrite">What becomes of an event.</param>
/// <param name="held">Memory for what the MCP server has not finished.</param>
/// <param name="unread">Memory for what the client has not read.</param>
/// <remarks>HTML Living Standard §9.2.5, parsing an event stream.</remarks>
internal sealed class EventStream(Stream source, EventRewrite rewrite, HeldShare held, BodyHold unread) : ReadOnlyStream
{
    /// <summary>The most of an unfinished event that is held.</summary>
    public const int MaxEvent = 1024 * 1024;

    private const int ReadSize = 16 * 1024;

    private byte[] pending = [];
    private int pendingLength;
    private int scanned;
    private int blockStart;
    private bool asking;
    private int lineStart;
    private bool expectsLineFeed;
    private bool passing;
    private bool ended;
    private byte[] output = [];
    private int outputStart;
    private int outputEnd;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (outputStart == outputEnd)
        {
            if (ended || rewrite.Ended)
            {
                return 0;
            }

            if (buffer.IsEmpty || (rewrite.Finished && pendingLength == 0))
            {
                // Also the read of nothing with which the forwarder waits for something to read: no buffer until then.
                return await source.ReadAsync(buffer, cancellationToken);
            }

            MakeRoom();
            var read = await source.ReadAsync(pending.AsMemory(pendingLength), cancellationToken);
            pendingLength += read;
            ended = read == 0;
            Scan();
            while (asking)
            {
                Emit((await rewrite.JudgedAsync(pending.AsMemory(blockStart..scanned), cancellationToken)).Span);
                asking = false;
                lineStart = blockStart = scanned;
                Scan();
            }
        }

        var count = Math.Min(buffer.Length, outputEnd - outputStart);
        output.AsSpan(outputStart, count).CopyTo(buffer.Span);
        outputStart += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            held.Dispose();
            unread.Dispose();
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private void MakeRoom()
    {
        outputStart = outputEnd = 0;
        if (output.Length > 4 * ReadSize)
        {
            output = [];
            unread.Dispose();
        }

        if (pendingLength == pending.Length)
        {
            Array.Resize(ref pending, Math.Min(Math.Max(pendingLength * 2, ReadSize), MaxEvent + ReadSize));
        }
    }

    /// <summary>Moves what is complete from pending to output, up to an event about which somebody has to be asked.</summary>
    private void Scan()
    {
        while (scanned < pendingLength && !rewrite.Finished)
        {
            var character = pending[scanned++];
            if (expectsLineFeed)
            {
                // The second half of a CRLF whose first half has ended the line.
                expectsLineFeed = false;
                if (character == '\n')
                {
                    if (scanned - 1 == blockStart)
                    {
                        Emit(pending.AsSpan(blockStart, 1));
                        blockStart = scanned;
                    }

                    lineStart = scanned;
                    continue;
                }
            }

            if (character is not ((byte)'\n' or (byte)'\r'))
            {
                continue;
            }

            expectsLineFeed = character == '\r';
            var firstLine = lineStart == blockStart;
            if (scanned - 1 == lineStart)
            {
                if (passing)
                {
                    passing = false;
                    Pass(blockStart, scanned, scanned);
                }
                else if (rewrite.Asks)
                {
                    asking = true;
                    return;
                }
                else
                {
                    Emit(rewrite.Event(pending.AsSpan(blockStart..scanned)));
                }

                blockStart = scanned;
            }
            else if (!passing && firstLine && pending[lineStart] == ':' && !EventLines.HasOtherEnds(pending.AsSpan(blockStart..scanned)))
            {
                Emit(pending.AsSpan(blockStart..scanned));
                blockStart = scanned;
            }

            lineStart = scanned;
        }

        Keep(End());
    }

    /// <summary>What becomes of an event that has not ended: the position of what is kept of it.</summary>
    private int End()
    {
        if (rewrite.Finished)
        {
            if (!rewrite.Ended)
            {
                Emit(pending.AsSpan(blockStart..pendingLength));
            }

            return pendingLength;
        }

        if (ended && blockStart < pendingLength)
        {
            // An event without its end is none, but a reader that takes it for one gets the same as of any other.
            if (passing)
            {
                return Pass(blockStart, pendingLength, pendingLength);
            }

            if (rewrite.Asks)
            {
                (asking, scanned) = (true, pendingLength);
                return blockStart;
            }

            Emit(rewrite.Event(pending.AsSpan(blockStart..pendingLength)));
            return pendingLength;
        }

        var length = pendingLength - blockStart;
        if (!passing && (length > MaxEvent || !held.TryHold(length > ReadSize ? length : 0)))
        {
            if (!rewrite.MayPassUnread)
            {
                throw new MalformedAnswerException("The MCP server sent an event that is too large.");
            }

            passing = true;
            held.TryHold(0);
        }

        // Of a line that has not ended, only so much is kept as tells whether it names the endpoint event.
        return passing && length > EventLines.LongestName ? Pass(blockStart, pendingLength - EventLines.LongestName, pendingLength) : blockStart;
    }

    /// <summary>
    /// Emits a part of an event that is too large to be held, unless a line up to <paramref name="seen"/> makes it an
    /// endpoint event: then the stream ends in the midst of it, and a client has no event.
    /// </summary>
    private int Pass(int from, int to, int seen)
    {
        if (EventLines.NameEndpointToSome(pending.AsSpan(from..seen), goesOn: true))
        {
            rewrite.Unreadable();
            return pendingLength;
        }

        Emit(pending.AsSpan(from..to));
        return to;
    }

    private void Keep(int from)
    {
        pending.AsSpan(from..pendingLength).CopyTo(pending);
        pendingLength -= from;
        if (pendingLength == 0 && pending.Length > 4 * ReadSize)
        {
            // Its last event waits for the client, who may take its time.
            pending = [];
        }

        scanned -= from;
        lineStart = Math.Max(lineStart - from, 0);
        blockStart = 0;
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (outputEnd + bytes.Length > output.Length)
        {
            var size = Math.Max(outputEnd + bytes.Length, Math.Max(output.Length * 2, ReadSize));
            if (size > 4 * ReadSize && !unread.TryGrow(size))
            {
                throw new UnreadAnswerException();
            }

            Array.Resize(ref output, size);
        }

        bytes.CopyTo(output.AsSpan(outputEnd));
        outputEnd += bytes.Length;
    }
}
