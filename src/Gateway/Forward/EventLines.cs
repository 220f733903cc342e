using System.Buffers;
using System.Text;

namespace Gateway.Forward;

/// <summary>One line of an event with its ending.</summary>
/// <remarks>HTML Living Standard §9.2.5, parsing an event stream.</remarks>
internal readonly ref struct EventLine(ReadOnlySpan<byte> whole, int length)
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

    /// <summary>Whether only a reader that cuts white space off names, or takes them in any case, finds a field of this name.</summary>
    public bool IsFieldToSome(ReadOnlySpan<byte> name)
    {
        var colon = Text.IndexOf((byte)':');
        return Ascii.EqualsIgnoreCase(EventLines.TrimBlanks(EventLines.SkipBlanks(colon < 0 ? Text : Text[..colon])), name) && !IsField(name);
    }

    public bool IsField(ReadOnlySpan<byte> name) => Text.StartsWith(name) && (Text.Length == name.Length || Text[name.Length] == ':');
}

/// <summary>The lines of an event; a byte order mark at the start of a stream belongs to none.</summary>
internal ref struct EventLines(ReadOnlySpan<byte> block)
{
    /// <summary>As many bytes of a line as tell whether it makes its event an endpoint event, unless white space comes first.</summary>
    public const int LongestName = 32;

    private static ReadOnlySpan<byte> Endpoint => "endpoint"u8;

    private static readonly SearchValues<byte> OtherEnds = SearchValues.Create([0x0B, 0x0C, 0x1C, 0x1D, 0x1E]);
    private ReadOnlySpan<byte> rest = block.StartsWith("\uFEFF"u8) ? block[3..] : block;

    public EventLine Current { get; private set; }

    /// <summary>Whether there is a line end in it that only some readers take for one.</summary>
    public static bool HasOtherEnds(ReadOnlySpan<byte> block) =>
        block.IndexOfAny(OtherEnds) >= 0 || block.IndexOf("\u0085"u8) >= 0 || block.IndexOf("\u2028"u8) >= 0 || block.IndexOf("\u2029"u8) >= 0 || block.LastIndexOf("\uFEFF"u8) > 0;

    /// <summary>Whether there is a line in it that only some readers take for a part of the event.</summary>
    public static bool HasOtherFields(ReadOnlySpan<byte> block)
    {
        foreach (var line in new EventLines(block))
        {
            if (line.IsFieldToSome("event"u8) || line.IsFieldToSome("data"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a reader that ends lines where Unicode does, cuts white space off names and values, or takes names in any case, as some
    /// clients do, finds an endpoint event in <paramref name="block"/>; also whether it could in one that goes on behind it.
    /// </summary>
    public static bool NameEndpointToSome(ReadOnlySpan<byte> block, bool goesOn)
    {
        for (var from = 0; block[from..].IndexOf(Endpoint) is var at and >= 0; from += at + Endpoint.Length)
        {
            var rest = block[(from + at + Endpoint.Length)..];
            if ((rest.IsEmpty || IsBlank(rest, out _)) && EndsInName(block[..(from + at)], needsColon: true) >= 0)
            {
                return true;
            }
        }

        if (!goesOn)
        {
            return false;
        }

        // What is not decided when its begin is let go is taken for one.
        var begun = Endpoint.Length - 1;
        while (!block.EndsWith(Endpoint[..begun]))
        {
            begun--;
        }

        return EndsInName(block[..^begun], needsColon: false) is var start and >= 0 && block.Length - start > LongestName;
    }

    public readonly EventLines GetEnumerator() => this;

    public bool MoveNext()
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        var length = rest.IndexOfAny((byte)'\n', (byte)'\r');
        var whole = length < 0 ? rest.Length : rest[length..].StartsWith("\r\n"u8) ? length + 2 : length + 1;
        Current = new EventLine(rest[..whole], length < 0 ? rest.Length : length);
        rest = rest[whole..];
        return true;
    }

    /// <summary>Where the line begins that is the name of an event's type and its colon, and blanks; negative when it is another.</summary>
    private static int EndsInName(ReadOnlySpan<byte> text, bool needsColon)
    {
        text = TrimBlanks(text);
        var hasColon = text.EndsWith(":"u8);
        text = hasColon ? TrimBlanks(text[..^1]) : text;
        var start = text.Length - "event".Length;
        return (hasColon || !needsColon) && start >= 0 && Ascii.EqualsIgnoreCase(text[start..], "event"u8) && EndsLine(text[..start]) ? start : -1;
    }

    /// <summary>Whether what stands before a line, blanks aside, ends one: in the ways of Unicode (UAX #14, and the separators FS, GS, RS).</summary>
    private static bool EndsLine(ReadOnlySpan<byte> before)
    {
        while (!(before.IsEmpty || before[^1] is (>= 0x0A and <= 0x0D) or (>= 0x1C and <= 0x1E)
            || before.EndsWith("\u0085"u8) || before.EndsWith("\u2028"u8) || before.EndsWith("\u2029"u8) || before.EndsWith("\uFEFF"u8)))
        {
            if (!IsBlankAtEnd(before, out var length))
            {
                return false;
            }

            before = before[..^length];
        }

        return true;
    }

    /// <summary>The text without the blanks at its begin; no line ends there.</summary>
    public static ReadOnlySpan<byte> SkipBlanks(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && text[0] is not ((byte)'\n' or (byte)'\r') && IsBlank(text, out var length))
        {
            text = text[length..];
        }

        return text;
    }

    /// <summary>The text without the blanks at its end; no line ends there.</summary>
    public static ReadOnlySpan<byte> TrimBlanks(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && text[^1] is not ((byte)'\n' or (byte)'\r') && IsBlankAtEnd(text, out var length))
        {
            text = text[..^length];
        }

        return text;
    }

    /// <summary>Whether it begins with what some reader cuts off a value, or ends a line with.</summary>
    private static bool IsBlank(ReadOnlySpan<byte> text, out int length)
    {
        Rune.DecodeFromUtf8(text, out var character, out length);
        return IsBlank(character);
    }

    private static bool IsBlankAtEnd(ReadOnlySpan<byte> text, out int length)
    {
        Rune.DecodeLastFromUtf8(text, out var character, out length);
        return IsBlank(character);
    }

    private static bool IsBlank(Rune character) => character.Value is <= ' ' or 0xFEFF || Rune.IsWhiteSpace(character);
}
