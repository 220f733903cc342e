using System.Text;

namespace Deputy.Wire;

/// <summary>Reads lines and counted bytes off a stream, and keeps all that came.</summary>
internal sealed class ByteReader(Stream stream, bool keep = false)
{
    private readonly byte[] buffer = new byte[16 * 1024];
    private readonly List<byte> kept = [];
    private int start;
    private int end;

    /// <summary>Everything read so far, as Latin-1; empty unless it was asked for.</summary>
    public string Kept => Encoding.Latin1.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kept));

    /// <summary>The next line without its end (CR LF or LF); null when the stream ended.</summary>
    public async ValueTask<string?> LineAsync(CancellationToken cancellation)
    {
        using var line = new MemoryStream();
        while (true)
        {
            if (start == end && !await FillAsync(cancellation))
            {
                return null;
            }

            var index = Array.IndexOf(buffer, (byte)'\n', start, end - start);
            var stop = index < 0 ? end : index;
            line.Write(buffer, start, stop - start);
            start = index < 0 ? end : index + 1;
            if (index >= 0)
            {
                var text = Encoding.Latin1.GetString(line.GetBuffer(), 0, (int)line.Length);
                return text.EndsWith('\r') ? text[..^1] : text;
            }
        }
    }

    /// <summary>So many bytes; null when the stream ended before.</summary>
    public async ValueTask<byte[]?> BytesAsync(int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        var filled = 0;
        while (filled < count)
        {
            if (start == end && !await FillAsync(cancellation))
            {
                return null;
            }

            var take = Math.Min(count - filled, end - start);
            Array.Copy(buffer, start, bytes, filled, take);
            start += take;
            filled += take;
        }

        return bytes;
    }

    /// <summary>Reads until the other side closes.</summary>
    public async ValueTask<byte[]> RestAsync(CancellationToken cancellation)
    {
        using var rest = new MemoryStream();
        while (start < end || await FillAsync(cancellation))
        {
            rest.Write(buffer, start, end - start);
            start = end;
        }

        return rest.ToArray();
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        int read;
        try
        {
            read = await stream.ReadAsync(buffer, cancellation);
        }
        catch (IOException)
        {
            return false;
        }

        if (keep)
        {
            kept.AddRange(buffer.AsSpan(0, read));
        }

        (start, end) = (0, read);
        return read > 0;
    }
}
