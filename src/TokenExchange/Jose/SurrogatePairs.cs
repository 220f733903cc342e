using System.Globalization;

namespace TokenExchange.Jose;

/// <summary>
/// Looks for escaped halves of surrogate pairs: JSON to every parser, and no text. One reader replaces them, the next one
/// keeps them, a third fails, and ours fails only where it takes the string.
/// </summary>
/// <remarks>RFC 8259 §8.2; RFC 7493 §2.1.</remarks>
public static class SurrogatePairs
{
    private const int EscapeLength = 6;

    /// <summary>
    /// Whether none is torn in JSON that was read as such before, where a backslash begins an escape and nothing else. Where nothing is
    /// escaped it is one search; it allocates nothing. What is no JSON may throw <see cref="ArgumentOutOfRangeException"/>.
    /// </summary>
    public static bool AreWhole(ReadOnlySpan<byte> json)
    {
        while (json.IndexOf((byte)'\\') is >= 0 and var at)
        {
            json = json[at..];
            if (CodeUnitOf(json) is not { } unit)
            {
                // The backslash of \\ begins no second escape.
                json = json[2..];
                continue;
            }

            json = json[EscapeLength..];
            if (!char.IsSurrogate(unit))
            {
                continue;
            }

            if (!char.IsHighSurrogate(unit) || CodeUnitOf(json) is not { } second || !char.IsLowSurrogate(second))
            {
                return false;
            }

            json = json[EscapeLength..];
        }

        return true;
    }

    /// <summary>The UTF-16 code unit whose escape the JSON begins with; null when it begins with anything else.</summary>
    private static char? CodeUnitOf(ReadOnlySpan<byte> json) =>
        json.StartsWith("\\u"u8) && ushort.TryParse(json[2..EscapeLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : null;
}
