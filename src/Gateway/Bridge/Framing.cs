using System.Buffers;

namespace Gateway.Bridge;

/// <summary>
/// One message, one line. Line breaks stand in JSON between tokens alone and become blanks; the three characters that
/// some readers take for line breaks too stand within strings alone and become escapes. Every other byte stays as it is.
/// </summary>
/// <remarks>MCP, stdio: messages are delimited by newlines and hold none. RFC 8259 §7 on what a string may not hold raw.</remarks>
internal static class Framing
{
    /// <summary>CR, LF, and the first bytes in UTF-8 of U+0085, and of U+2028 and U+2029.</summary>
    private static readonly SearchValues<byte> Suspects = SearchValues.Create(0x0D, 0x0A, 0xC2, 0xE2);

    /// <summary>The message, which must be JSON in UTF-8, as one line without its end; the same memory when nothing is to be changed.</summary>
    public static ReadOnlyMemory<byte> OneLine(ReadOnlyMemory<byte> json)
    {
        var source = json.Span;
        ArrayBufferWriter<byte>? line = null;
        var written = 0;
        for (var at = source.IndexOfAny(Suspects); at >= 0;)
        {
            var (length, instead) = Replacement(source[at..]);
            if (length > 0)
            {
                line ??= new ArrayBufferWriter<byte>(source.Length + 64);
                line.Write(source[written..at]);
                line.Write(instead);
                written = at + length;
            }

            var from = at + Math.Max(length, 1);
            var next = source[from..].IndexOfAny(Suspects);
            at = next < 0 ? -1 : from + next;
        }

        if (line is null)
        {
            return json;
        }

        line.Write(source[written..]);
        return line.WrittenMemory;
    }

    /// <summary>How many bytes go, and what comes in their place; none when they may stay.</summary>
    private static Change Replacement(ReadOnlySpan<byte> source) => source switch
    {
        [(byte)'\r' or (byte)'\n', ..] => new(1, " "u8),
        [0xC2, 0x85, ..] => new(2, "\\u0085"u8),
        [0xE2, 0x80, 0xA8, ..] => new(3, "\\u2028"u8),
        [0xE2, 0x80, 0xA9, ..] => new(3, "\\u2029"u8),
        _ => new(0, default),
    };

    private readonly ref struct Change(int length, ReadOnlySpan<byte> instead)
    {
        private readonly ReadOnlySpan<byte> instead = instead;

        public void Deconstruct(out int length, out ReadOnlySpan<byte> instead)
        {
            length = Length;
            instead = this.instead;
        }

        private int Length { get; } = length;
    }
}
