using System.Buffers;

namespace Gateway.Forward;

/// <summary>
/// What becomes of the events of one stream: the endpoint event of the HTTP+SSE transport, and tool lists. Everything
/// else comes out as it came in, byte for byte.
/// </summary>
internal sealed class EventRewrite(Func<string, string>? endpoint, ToolListFilter? tools)
{
    private Func<string, string>? endpoint = endpoint;

    /// <summary>Whether no later event will be changed.</summary>
    public bool Finished => endpoint is null && tools is null;

    /// <summary>The bytes to send in place of one event, its blank line included. Throws <see cref="IOException"/> on one that must not pass.</summary>
    public ReadOnlySpan<byte> Event(ReadOnlySpan<byte> block)
    {
        var type = "";
        var data = new ArrayBufferWriter<byte>(block.Length);
        var lines = 0;
        foreach (var line in new Lines(block))
        {
            if (line.IsField("event"u8))
            {
                type = System.Text.Encoding.UTF8.GetString(line.Value);
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

        if (lines == 0)
        {
            return block;
        }

        if (endpoint is not null && type == "endpoint")
        {
            var rewritten = System.Text.Encoding.UTF8.GetBytes(endpoint(System.Text.Encoding.UTF8.GetString(data.WrittenSpan)));
            endpoint = null;
            return WithData(block, rewritten);
        }

        return tools is not null && MayBeMessage(type, data.WrittenSpan) && tools.Without(data.WrittenSpan) is { } filtered ? WithData(block, filtered) : block;
    }

    /// <summary>Messages are the data of events without another type; what looks like one under another is not left to a client's taste.</summary>
    private static bool MayBeMessage(string type, ReadOnlySpan<byte> data) =>
        type is "" or "message" || data.TrimStart("\uFEFF \t\r\n"u8) is [(byte)'{' or (byte)'[', ..];

    /// <summary>The same event with other data; its other fields stay where they are.</summary>
    private static ReadOnlySpan<byte> WithData(ReadOnlySpan<byte> block, ReadOnlySpan<byte> data)
    {
        var buffer = new ArrayBufferWriter<byte>(block.Length + data.Length);
        var written = false;
        foreach (var line in new Lines(block))
        {
            if (!line.IsField("data"u8))
            {
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

    /// <summary>One line of an event with its ending.</summary>
    private readonly ref struct Line(ReadOnlySpan<byte> whole, int length)
    {
        public ReadOnlySpan<byte> Whole { get; } = whole;

        private ReadOnlySpan<byte> Text { get; } = whole[..length];

        /// <summary>The line's ending; the last line of a stream may have none.</summary>
        public ReadOnlySpan<byte> Ending => Whole.Length > Text.Length ? Whole[Text.Length..] : "\n"u8;

        public ReadOnlySpan<byte> Value
        {
            get
            {
                var colon = Text.IndexOf((byte)':');
                var value = colon < 0 ? [] : Text[(colon + 1)..];
                return value.StartsWith(" "u8) ? value[1..] : value;
            }
        }

        public bool IsField(ReadOnlySpan<byte> name) => Text.StartsWith(name) && (Text.Length == name.Length || Text[name.Length] == ':');
    }

    /// <summary>The lines of an event; a byte order mark at the start of a stream belongs to none.</summary>
    private ref struct Lines(ReadOnlySpan<byte> block)
    {
        private ReadOnlySpan<byte> rest = block.StartsWith("\uFEFF"u8) ? block[3..] : block;

        public Line Current { get; private set; }

        public readonly Lines GetEnumerator() => this;

        public bool MoveNext()
        {
            if (rest.IsEmpty)
            {
                return false;
            }

            var length = rest.IndexOfAny((byte)'\n', (byte)'\r');
            var whole = length < 0 ? rest.Length : rest[length..].StartsWith("\r\n"u8) ? length + 2 : length + 1;
            Current = new Line(rest[..whole], length < 0 ? rest.Length : length);
            rest = rest[whole..];
            return true;
        }
    }
}
