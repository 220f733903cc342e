using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Gateway.Revoke.Shared;

/// <summary>
/// What a server of the Redis protocol says, but for strings that are longer than any that the gateway reads: they go by unread,
/// and null stands in their place. So nothing that a stranger writes there takes memory here, however long it is.
/// </summary>
/// <param name="server">What comes from there.</param>
/// <param name="refused">Is told each error that comes.</param>
internal sealed class BoundedReplies(Stream server, Action<string> refused) : Stream
{
    /// <summary>Bytes of a string, and of a line.</summary>
    public const int Longest = 16 * 1024;

    private readonly byte[] came = new byte[Longest];
    private readonly ArrayBufferWriter<byte> line = new(), ready = new();
    private int given;

    // Of a string, with its line's end: how much is to come, and whether that is left out.
    private long rest;
    private bool isLeftOut;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (given == ready.WrittenCount)
        {
            var count = await server.ReadAsync(came, cancellationToken);
            if (count == 0)
            {
                return 0;
            }

            Take(came.AsSpan(0, count));
        }

        return Give(buffer.Span);
    }

    public override int Read(Span<byte> buffer)
    {
        while (given == ready.WrittenCount)
        {
            var count = server.Read(came);
            if (count == 0)
            {
                return 0;
            }

            Take(came.AsSpan(0, count));
        }

        return Give(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => server.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => server.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(ReadOnlySpan<byte> buffer) => server.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => server.Write(buffer, offset, count);

    public override void Flush() => server.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => server.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            server.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Give(Span<byte> buffer)
    {
        var part = ready.WrittenSpan[given..];
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer);
        given += part.Length;
        return part.Length;
    }

    // Everything that is no string is made of lines, also what strings are counted by.
    private void Take(ReadOnlySpan<byte> bytes)
    {
        ready.ResetWrittenCount();
        given = 0;
        while (!bytes.IsEmpty)
        {
            var ofString = rest > 0;
            var part = ofString ? bytes[..(int)Math.Min(rest, bytes.Length)] : bytes[..(bytes.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : bytes.Length)];
            bytes = bytes[part.Length..];
            if (!ofString)
            {
                TakeLine(part);
                continue;
            }

            rest -= part.Length;
            if (!isLeftOut)
            {
                ready.Write(part);
            }
        }
    }

    private void TakeLine(ReadOnlySpan<byte> part)
    {
        if (line.WrittenCount + part.Length > Longest)
        {
            throw new InvalidDataException("A line is longer than any.");
        }

        line.Write(part);
        var whole = line.WrittenSpan;
        if (whole[^1] != '\n')
        {
            return;
        }

        isLeftOut = false;
        if (whole[0] == '-')
        {
            refused(Encoding.Latin1.GetString(whole[1..]));
        }
        else if (whole[0] == '$' && Utf8Parser.TryParse(whole[1..], out long length, out _) && length >= 0)
        {
            rest = checked(length + 2);
            isLeftOut = length > Longest;
        }

        ready.Write(isLeftOut ? "$-1\r\n"u8 : whole);
        line.ResetWrittenCount();
    }
}
