namespace Gateway.Forward;

/// <summary>
/// An MCP server's event stream in which single events are rewritten as they come. Comments and events pass as soon as
/// they are complete, and once there is nothing left to rewrite, bytes pass as they are. Holds one event at a time.
/// </summary>
/// <remarks>HTML Living Standard §9.2.5, parsing an event stream.</remarks>
internal sealed class EventStream(Stream source, EventRewrite rewrite) : Stream
{
    /// <summary>The largest event that is looked at; a server that sends a larger one loses its stream.</summary>
    public const int MaxEvent = 16 * 1024 * 1024;

    private const int ReadSize = 16 * 1024;
    private byte[] pending = new byte[ReadSize];
    private int pendingLength;
    private int scanned;
    private int lineStart;
    private bool expectsLineFeed;
    private bool ended;
    private byte[] output = new byte[ReadSize];
    private int outputStart;
    private int outputEnd;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (outputStart == outputEnd)
        {
            if (ended)
            {
                return 0;
            }

            if (rewrite.Finished && pendingLength == 0)
            {
                return await source.ReadAsync(buffer, cancellationToken);
            }

            outputStart = outputEnd = 0;
            if (pendingLength == pending.Length)
            {
                Grow(ref pending, pendingLength + ReadSize);
            }

            var read = await source.ReadAsync(pending.AsMemory(pendingLength), cancellationToken);
            pendingLength += read;
            ended = read == 0;
            Scan();
        }

        var count = Math.Min(buffer.Length, outputEnd - outputStart);
        output.AsSpan(outputStart, count).CopyTo(buffer.Span);
        outputStart += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Moves what is complete from pending to output.</summary>
    private void Scan()
    {
        var blockStart = 0;
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
                Emit(rewrite.Event(pending.AsSpan(blockStart..scanned)));
                blockStart = scanned;
            }
            else if (firstLine && pending[lineStart] == ':')
            {
                Emit(pending.AsSpan(blockStart..scanned));
                blockStart = scanned;
            }

            lineStart = scanned;
        }

        if (rewrite.Finished)
        {
            scanned = pendingLength;
            Emit(pending.AsSpan(blockStart..pendingLength));
            blockStart = pendingLength;
        }
        else if (ended && blockStart < pendingLength)
        {
            // An event without its end is none, but a reader that takes it for one gets the same as of any other.
            Emit(rewrite.Event(pending.AsSpan(blockStart..pendingLength)));
            blockStart = pendingLength;
        }

        if (pendingLength - blockStart > MaxEvent)
        {
            throw new IOException("The MCP server sent an event that is too large.");
        }

        pending.AsSpan(blockStart..pendingLength).CopyTo(pending);
        pendingLength -= blockStart;
        scanned -= blockStart;
        lineStart -= blockStart;
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (outputEnd + bytes.Length > output.Length)
        {
            Grow(ref output, outputEnd + bytes.Length);
        }

        bytes.CopyTo(output.AsSpan(outputEnd));
        outputEnd += bytes.Length;
    }

    private static void Grow(ref byte[] buffer, int least) => Array.Resize(ref buffer, Math.Max(least, buffer.Length * 2));
}
