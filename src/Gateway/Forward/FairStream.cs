using Gateway.Connections;

namespace Gateway.Forward;

/// <summary>
/// A connection to an MCP server, read in <see cref="Turns"/>: a peer that always has something to say would keep a thread for
/// as long as it is listened to, with the body of an answer (also to a client who has gone, of whom the thread has yet to
/// hear) or with frames of HTTP/2 that ask for nothing. And listened to when it takes no more of what it is sent: a server that
/// answers in the midst of a large body, and closes, has answered (RFC 9112 §9.5), which HttpClient would not look for.
/// </summary>
internal sealed class FairStream(Stream connection) : Stream
{
    /// <summary>Whether this thread is about to send a request, and may be looking whether an idle connection can carry it.</summary>
    [ThreadStatic]
    private static bool choosing;

    private Turns turns;

    /// <summary>Why the peer takes nothing any more; null while it does.</summary>
    private volatile IOException? deaf;

    public override bool CanRead => connection.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => connection.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>
    /// Until it is disposed of, or something is written, HttpClient chooses a connection for a request on this thread. It reads an idle one,
    /// and takes another when the read is complete at once: the connection has ended, or holds bytes that answer nobody, and that it
    /// would take for the answer to this request. Such a read never gives way, since then it would not be complete.
    /// </summary>
    public static Choice Choose()
    {
        choosing = true;
        return default;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = connection.ReadAsync(buffer, cancellationToken);
        var read = choosing ? turns.Begin(reading) : turns.Take(reading);
        return deaf is { } cause && !buffer.IsEmpty ? LastWordsAsync(read, cause) : read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => connection.Read(buffer, offset, count);

    public override int Read(Span<byte> buffer) => connection.Read(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        choosing = false;
        if (deaf is not null)
        {
            return default;
        }

        var writing = connection.WriteAsync(buffer, cancellationToken);
        return writing.IsCompletedSuccessfully ? writing : TellAsync(writing);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => connection.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => connection.Write(buffer);

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override void Flush() => connection.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>What cannot be told is no failure yet: there may be an answer.</summary>
    private async ValueTask TellAsync(ValueTask writing)
    {
        try
        {
            await writing;
        }
        catch (IOException exception)
        {
            deaf = exception;
        }
    }

    /// <summary>What was said before the connection broke. Its end is where it broke, and not where an answer without a length ends.</summary>
    private static async ValueTask<int> LastWordsAsync(ValueTask<int> reading, IOException cause) =>
        await reading is > 0 and var read ? read : throw new HttpIOException(HttpRequestError.ResponseEnded, cause.Message, cause);

    /// <summary>Ends <see cref="Choose"/>.</summary>
    public readonly ref struct Choice : IDisposable
    {
        public void Dispose() => choosing = false;
    }
}
