using System.Buffers;

namespace TokenExchange.AspNetCore.Http;

/// <summary>
/// The parameters that some reader finds in a query, however carelessly it reads: whoever must keep a parameter from being read
/// cannot know who reads it.
/// </summary>
/// <remarks>
/// Beside the ampersand, Perl's CGI, older Python and Rack separate at a semicolon, and others take for the query what stands behind the
/// last question mark. PHP cuts blanks before a name and writes an underscore for a blank, a dot and an open bracket. In PHP, Rack and
/// qs, the reader of Express, <c>name[]</c> and <c>name[0]</c> are <c>name</c>. To a reader in C a name ends with NUL.
/// </remarks>
internal static class QueryParameters
{
    private static readonly SearchValues<char> Separators = SearchValues.Create("&;?");

    /// <summary>How many parameters of the query some reader takes for one of these names, in any case.</summary>
    public static int Count(ReadOnlySpan<char> query, params ReadOnlySpan<string> names)
    {
        var count = 0;
        foreach (var range in query.SplitAny(Separators))
        {
            count += IsOneOf(Decode(NameOf(query[range])), names) ? 1 : 0;
        }

        return count;
    }

    /// <summary>The value of the first parameter that some reader takes for one of this name; null when there is none.</summary>
    public static string? FirstOf(ReadOnlySpan<char> query, string name)
    {
        foreach (var range in query.SplitAny(Separators))
        {
            var parameter = query[range];
            var raw = NameOf(parameter);
            if (IsOneOf(Decode(raw), [name]))
            {
                return raw.Length == parameter.Length ? "" : Decode(parameter[(raw.Length + 1)..]).ToString();
            }
        }

        return null;
    }

    private static ReadOnlySpan<char> NameOf(ReadOnlySpan<char> parameter) => parameter.IndexOf('=') is var end and >= 0 ? parameter[..end] : parameter;

    private static ReadOnlySpan<char> Decode(ReadOnlySpan<char> text) => text.ContainsAny('%', '+') ? Uri.UnescapeDataString(text.ToString().Replace('+', ' ')) : text;

    private static bool IsOneOf(ReadOnlySpan<char> name, ReadOnlySpan<string> known)
    {
        name = name.Trim();
        foreach (var one in known)
        {
            if (name.Length >= one.Length && Is(name[..one.Length], one) && name[one.Length..].TrimStart() is [] or ['[' or '\0', ..])
            {
                return true;
            }
        }

        return false;
    }

    private static bool Is(ReadOnlySpan<char> name, string known)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (char.ToUpperInvariant(name[i]) != char.ToUpperInvariant(known[i]) && !(known[i] == '_' && name[i] is ' ' or '.' or '['))
            {
                return false;
            }
        }

        return true;
    }
}
