namespace Gateway.Bridge;

/// <summary>Cuts what a child writes into lines, at LF alone, holding at most one line and what came with it.</summary>
internal sealed class LineReader(Stream source, int maxLength)
{
    private const int Block = 16 * 1024;
    private const int Kept = 1024 * 1024;
    private byte[] buffer = new byte[Block];
    private int start;
    private int end;
    private bool hasRest;

    /// <summary>Whether the line that was just given was longer than the bound, and given up to it.</summary>
    public bool WasCut { get; private set; }

    /// <summary>
    /// The next line, without its end and in memory that the next call may reuse; null at the end, where an unfinished
    /// line is nobody's. A line beyond the bound comes cut; what nobody has read of its rest is skipped by the next call.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        while (await ReadRestAsync(cancellation) is not null)
        {
        }

        WasCut = false;
        Shrink();
        var seen = 0;
        while (true)
        {
            var found = buffer.AsSpan(start + seen, end - start - seen).IndexOf((byte)'\n');
            var length = found < 0 ? end - start : seen + found;
            if (length > maxLength)
            {
                var cut = buffer.AsMemory(start, maxLength);
                start += maxLength;
                WasCut = hasRest = true;
                return cut;
            }

            if (found >= 0)
            {
                var line = buffer.AsMemory(start, length);
                start += length + 1;
                return line;
            }

            seen = length;
            MakeRoom();
            if (!await FillAsync(cancellation))
            {
                return null;
            }
        }
    }

    /// <summary>The next piece of the line that came cut, in memory that the next call may reuse; null after the last.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadRestAsync(CancellationToken cancellation)
    {
        if (!hasRest)
        {
            return null;
        }

        Shrink();
        if (start == end && !await FillAsync(cancellation))
        {
            hasRest = false;
            return null;
        }

        var found = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
        hasRest = found < 0;
        var piece = buffer.AsMemory(start, hasRest ? end - start : found);
        start += piece.Length + (hasRest ? 0 : 1);
        return piece;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        var count = await source.ReadAsync(buffer.AsMemory(end), cancellation);
        end += count;
        return count > 0;
    }

    /// <summary>Begins anew once nothing is left, and keeps no memory that one long line needed.</summary>
    private void Shrink()
    {
        if (start == end)
        {
            (buffer, start, end) = (buffer.Length > Kept ? new byte[Block] : buffer, 0, 0);
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
