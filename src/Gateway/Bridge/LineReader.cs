namespace Gateway.Bridge;

/// <summary>Cuts what a child writes into lines, at LF alone, holding at most one line and what came with it.</summary>
internal sealed class LineReader(Stream source, int maxLength)
{
    private const int Block = 16 * 1024;
    private const int Kept = 1024 * 1024;
    private byte[] buffer = new byte[Block];
    private int start;
    private int end;

    /// <summary>Whether the line that was just given was longer than the bound, and given up to it.</summary>
    public bool WasCut { get; private set; }

    /// <summary>
    /// The next line, without its end and in memory that the next call may reuse; null at the end, where an unfinished
    /// line is nobody's. A line beyond the bound comes cut; its rest is skipped by the next call.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        if (start == end)
        {
            (buffer, start, end) = (buffer.Length > Kept ? new byte[Block] : buffer, 0, 0);
        }

        var skipping = WasCut;
        WasCut = false;
        var seen = 0;
        while (true)
        {
            var found = buffer.AsSpan(start + seen, end - start - seen).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var line = buffer.AsMemory(start, seen + found);
                start += seen + found + 1;
                if (!skipping)
                {
                    return line;
                }

                (skipping, seen) = (false, 0);
                continue;
            }

            seen = end - start;
            if (skipping)
            {
                (start, end, seen) = (0, 0, 0);
            }
            else if (seen >= maxLength)
            {
                WasCut = true;
                var line = buffer.AsMemory(start, maxLength);
                (start, end) = (0, 0);
                return line;
            }

            MakeRoom();
            var count = await source.ReadAsync(buffer.AsMemory(end), cancellation);
            if (count == 0)
            {
                return null;
            }

            end += count;
        }
    }

    private void MakeRoom()
    {
        if (end < buffer.Length)
        {
            return;
        }

        var length = end - start;
        var target = length > buffer.Length / 2 ? new byte[Math.Min(buffer.Length * 2, maxLength + Block)] : buffer;
        buffer.AsSpan(start, length).CopyTo(target);
        (buffer, start, end) = (target, 0, length);
    }
}
