using System.Text;

namespace Gateway.Tests.Fuzz;

/// <summary>
/// A client's reading of a whole event stream, as simple as the standard writes it down, and as others read that differ:
/// in what ends a line, in what is cut off a line, a name or a value, in the case of names, and in whether an event counts that has not ended.
/// </summary>
/// <remarks>HTML Living Standard §9.2.6, interpreting an event stream.</remarks>
internal sealed record ReferenceEvents(bool UnicodeLines = false, bool Trims = false, bool TakesUnfinished = false)
{
    public static readonly ReferenceEvents Standard = new();

    public static IReadOnlyList<ReferenceEvents> All { get; } =
        [.. from lines in (bool[])[false, true] from trims in (bool[])[false, true] from unfinished in (bool[])[false, true] select new ReferenceEvents(lines, trims, unfinished)];

    /// <summary>The events; of each also whether any of its types is <c>endpoint</c>, for a reader to which another than the last counts.</summary>
    public IReadOnlyList<(string Type, string Data, bool NamesEndpoint)> Read(ReadOnlySpan<byte> stream)
    {
        var text = Encoding.UTF8.GetString(stream).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        text = text.StartsWith('\uFEFF') ? text[1..] : text;
        if (UnicodeLines)
        {
            text = string.Concat(text.Select(character => character is '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029' ? '\n' : character));
        }

        var events = new List<(string, string, bool)>();
        var (type, data, names) = ("", new List<string>(), false);
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];

            // What follows the last line end is a line only to a reader that takes what has not ended.
            if ((Trims ? line.Trim() : line).Length == 0 && i < lines.Length - 1)
            {
                Dispatch();
            }
            else if (i < lines.Length - 1 || TakesUnfinished)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                var (name, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
                name = Trims ? name.Trim().Trim('\uFEFF').ToLowerInvariant() : name;
                value = Trims ? value.Trim().Trim('\uFEFF') : value.StartsWith(' ') ? value[1..] : value;
                type = name == "event" ? value : type;
                names |= type == "endpoint";
                data.AddRange(name == "data" ? [value] : []);
            }
        }

        if (TakesUnfinished)
        {
            Dispatch();
        }

        return events;

        void Dispatch()
        {
            if (data.Count > 0)
            {
                events.Add((type, string.Join('\n', data), names));
            }

            (type, data, names) = ("", [], false);
        }
    }
}
