namespace Gateway.Configuration;

/// <summary>
/// An option of a command line with its value: <c>--name=value</c>, or <c>--name value</c> where the value could be no option itself.
/// </summary>
/// <param name="Name">The name without the dashes, as it was typed.</param>
/// <param name="Value">The value; null when none follows.</param>
/// <param name="Words">How many words of the command line both take.</param>
internal readonly record struct GivenOption(string Name, string? Value, int Words)
{
    /// <summary>The option that begins at a place of the command line; null when the word there is none.</summary>
    public static GivenOption? At(IReadOnlyList<string> arguments, int place)
    {
        if (!IsOption(arguments[place]))
        {
            return null;
        }

        var option = arguments[place][2..];
        return option.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? new(option[..equals], option[(equals + 1)..], 1)
            : place + 1 < arguments.Count && !IsOption(arguments[place + 1]) ? new(option, arguments[place + 1], 2)
            : new(option, null, 1);
    }

    /// <summary>The options of a command line on which every option has a value.</summary>
    public static IEnumerable<GivenOption> All(IReadOnlyList<string> arguments)
    {
        for (var place = 0; place < arguments.Count; place++)
        {
            if (At(arguments, place) is { } option)
            {
                yield return option;
                place += option.Words - 1;
            }
        }
    }

    private static bool IsOption(string word) => word.StartsWith("--", StringComparison.Ordinal);
}
