using System.Buffers;
using System.Text;

namespace Gateway.Forward;

/// <summary>
/// What becomes of the events of one stream: every endpoint event of the HTTP+SSE transport, and tool lists. Everything
/// else comes out as it came in, byte for byte.
/// </summary>
/// <param name="endpoint">What the client is told in place of an announced endpoint, null for one that cannot be read, and whether the stream goes on.</param>
/// <param name="lists">What filters lists now; null, or nothing: nothing is hidden.</param>
/// <param name="seen">Is shown the data of every event.</param>
internal sealed class EventRewrite(Func<string?, (string Endpoint, bool GoesOn)>? endpoint, Func<ListFilters?>? lists, Action<ReadOnlyMemory<byte>>? seen = null)
{
    /// <summary>Whether no event is to be looked at.</summary>
    public bool Finished => (endpoint is null && lists is null) || Ended;

    /// <summary>Whether the stream ends after what was rewritten last: the server announced an endpoint that is not its own.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether an event that is too large to be held may pass piece by piece, as long as no line of it makes it an endpoint event.</summary>
    public bool MayPassUnread => Filters is null;

    /// <summary>Whether somebody has to be asked about an event, so that it takes <see cref="JudgedAsync"/>.</summary>
    public bool Asks => Filters?.Policy is not null;

    /// <summary>The same as <see cref="Event(ReadOnlySpan{byte})"/>, once the decision point has said which entries of a list may pass.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> JudgedAsync(ReadOnlyMemory<byte> block, CancellationToken cancellation)
    {
        var by = Filters;
        var told = Event(block.Span, by).ToArray();
        if (Ended || by?.Policy is not { } policy || DataOf(told, out var type) is not { } data || !MayBeMessage(type, data.Span))
        {
            return told;
        }

        var judged = await policy.JudgeOrReplaceAsync(data, cancellation);
        return judged.Equals(data) ? told : WithData(told, judged.Span).ToArray();
    }

    /// <summary>The bytes to send in place of one event, its blank line included. Throws <see cref="IOException"/> on one that must not pass.</summary>
    public ReadOnlySpan<byte> Event(ReadOnlySpan<byte> block) => Event(block, Filters);

    private ListFilters? Filters => lists?.Invoke();

    private ReadOnlySpan<byte> Event(ReadOnlySpan<byte> block, ListFilters? by)
    {
        var lines = DataOf(block, out var type);
        if (endpoint is not null)
        {
            var announces = lines is not null && type.SequenceEqual("endpoint"u8);
            var differs = EventLines.HasOtherEnds(block) || EventLines.HasOtherFields(block);
            if (announces ? differs : (differs || lines is not null) && EventLines.NameEndpointToSome(block, goesOn: false))
            {
                return Unreadable();
            }

            if (announces)
            {
                return Announce(Encoding.UTF8.GetString(lines!.Value.Span), block);
            }
        }

        if (lines is not { } data)
        {
            return block;
        }

        seen?.Invoke(data);
        return by?.Tools is { } tools && MayBeMessage(type, data.Span) && tools.Without(data.Span) is { } filtered ? WithData(block, filtered) : block;
    }

    /// <summary>The data of an event, its lines joined, and the event's type; null without any.</summary>
    private static ReadOnlyMemory<byte>? DataOf(ReadOnlySpan<byte> block, out ReadOnlySpan<byte> type)
    {
        type = [];
        var data = new ArrayBufferWriter<byte>(block.Length);
        var lines = 0;
        foreach (var line in new EventLines(block))
        {
            if (line.IsField("event"u8))
            {
                type = line.Value;
            }
            else if (line.IsField("data"u8))
            {
                if (lines++ > 0)
                {
                    data.Write("\n"u8);
                }

                data.Write(line.Value);
            }
        }

        // Not a plain null, which would become memory that is empty.
        return lines == 0 ? default(ReadOnlyMemory<byte>?) : data.WrittenMemory;
    }

    /// <summary>What is sent in place of an endpoint event that two clients would read differently, or that began to pass before its type was known.</summary>
    public ReadOnlySpan<byte> Unreadable() => Announce(null, "event: endpoint\ndata: \n\n"u8);

    private ReadOnlySpan<byte> Announce(string? announced, ReadOnlySpan<byte> block)
    {
        var (told, goesOn) = endpoint!(announced);
        Ended = !goesOn;
        return WithData(block, Encoding.UTF8.GetBytes(told));
    }

    /// <summary>Messages are the data of events without another type; what looks like one under another is not left to a client's taste.</summary>
    private static bool MayBeMessage(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data) =>
        type.IsEmpty || type.SequenceEqual("message"u8) || data.TrimStart("\uFEFF \t\r\n"u8) is [(byte)'{' or (byte)'[', ..];

    /// <summary>The same event with other data; its other fields stay where they are.</summary>
    private static ReadOnlySpan<byte> WithData(ReadOnlySpan<byte> block, ReadOnlySpan<byte> data)
    {
        var buffer = new ArrayBufferWriter<byte>(block.Length + data.Length);
        var written = false;
        foreach (var line in new EventLines(block))
        {
            if (!line.IsField("data"u8))
            {
                // Two line ends must not become the one that CR and LF make together.
                buffer.Write(line.Whole[0] == '\n' && buffer.WrittenSpan.EndsWith("\r"u8) ? "\n"u8 : []);
                buffer.Write(line.Whole);
                continue;
            }

            if (written)
            {
                continue;
            }

            written = true;
            foreach (var range in data.Split((byte)'\n'))
            {
                buffer.Write("data: "u8);
                buffer.Write(data[range]);
                buffer.Write(line.Ending);
            }
        }

        return buffer.WrittenSpan;
    }
}
