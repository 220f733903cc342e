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

    public bool IsField(ReadOnlySpan<byte> name) => Text.StartsWith(name) && (Text.Length == name.Length || Text[name.Length] == ':');
}

/// <summary>The lines of an event; a byte order mark at the start of a stream belongs to none.</summary>
internal ref struct EventLines(ReadOnlySpan<byte> block)
{
    /// <summary>As many bytes of a line as tell whether it makes its event an endpoint event, unless white space comes first.</summary>
    public const int LongestName = 32;

    private static readonly SearchValues<byte> OtherEnds = SearchValues.Create([0x0B, 0x0C, 0x1C, 0x1D, 0x1E]);
    private ReadOnlySpan<byte> rest = block.StartsWith("\uFEFF"u8) ? block[3..] : block;

    public EventLine Current { get; private set; }

    /// <summary>Whether there is a line end in it that only some readers take for one.</summary>
    public static bool HasOtherEnds(ReadOnlySpan<byte> block) =>
        block.IndexOfAny(OtherEnds) >= 0 || block.IndexOf("\u0085"u8) >= 0 || block.IndexOf("\u2028"u8) >= 0 || block.IndexOf("\u2029"u8) >= 0 || block.LastIndexOf("\uFEFF"u8) > 0;

    /// <summary>
    /// Whether a reader that ends lines where Unicode does, or cuts white space off values, as some clients do, finds an
    /// endpoint event in <paramref name="block"/>; also whether it could in one that goes on behind it.
    /// </summary>
    public static bool NameEndpointToSome(ReadOnlySpan<byte> block, bool goesOn)
    {
        ReadOnlySpan<byte> name = "event:"u8;
        for (var from = 0; block[from..].IndexOf(name) is var at and >= 0; from += at + name.Length)
        {
            var start = from + at;
            var value = SkipBlanks(block[(start + name.Length)..]);
            if (EndsLine(block[..start])
                && (value.IsEmpty ? goesOn && block.Length - start > LongestName : value.StartsWith("endpoint"u8) && (value.Length == 8 || IsBlank(value[8..], out _))))
            {
                return true;
            }
        }

        return false;
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

    /// <summary>Whether what stands before a line ends one: in the ways of Unicode (UAX #14, and the separators FS, GS, RS).</summary>
    private static bool EndsLine(ReadOnlySpan<byte> before) =>
        before.IsEmpty || before[^1] is (>= 0x0A and <= 0x0D) or (>= 0x1C and <= 0x1E)
        || before.EndsWith("\u0085"u8) || before.EndsWith("\u2028"u8) || before.EndsWith("\u2029"u8) || before.EndsWith("\uFEFF"u8);

    private static ReadOnlySpan<byte> SkipBlanks(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty && value[0] is not ((byte)'\n' or (byte)'\r') && IsBlank(value, out var length))
        {
            value = value[length..];
        }

        return value;
    }

    /// <summary>Whether it begins with what some reader cuts off a value, or ends a line with.</summary>
    private static bool IsBlank(ReadOnlySpan<byte> text, out int length)
    {
        Rune.DecodeFromUtf8(text, out var character, out length);
        return character.Value is <= ' ' or 0xFEFF || Rune.IsWhiteSpace(character);
    }
}
