using System.Buffers;
using System.Text;

namespace Gateway.Forward;

/// <summary>Reads the parameters of one challenge, strictly: whoever reads them otherwise reads the same or nothing.</summary>
/// <remarks>RFC 9110 §11.2 and §5.6.</remarks>
internal static class AuthParameters
{
    /// <summary>A longer challenge is not read.</summary>
    private const int MaxLength = 8 * 1024;

    /// <summary>What a token is made of, such as the name of a parameter or a header (RFC 9110 §5.6.2).</summary>
    public static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>
    /// What follows a scheme, by name in any case; none when it is nothing or a token68. Null when it is not a list of
    /// parameters, or names one twice.
    /// </summary>
    public static Dictionary<string, string>? Read(string? text)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var rest = text.AsSpan().Trim(" \t");
        if (rest.Length > MaxLength)
        {
            return null;
        }

        if (IsToken68(rest))
        {
            return parameters;
        }

        while (true)
        {
            // A list may hold empty elements.
            rest = rest.TrimStart(" \t,");
            if (rest.IsEmpty)
            {
                return parameters;
            }

            var name = TokenOf(rest);
            rest = rest[name.Length..].TrimStart(" \t");
            if (name.IsEmpty || rest is not ['=', ..])
            {
                return null;
            }

            rest = rest[1..].TrimStart(" \t");
            var value = rest is ['"', ..] ? QuotedOf(ref rest) : BareOf(ref rest);
            rest = rest.TrimStart(" \t");
            if (value is null || !parameters.TryAdd(name.ToString(), value) || rest is not ([] or [',', ..]))
            {
                return null;
            }
        }
    }

    private static ReadOnlySpan<char> TokenOf(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExcept(TokenCharacters);
        return end < 0 ? text : text[..end];
    }

    private static string? BareOf(ref ReadOnlySpan<char> rest)
    {
        var token = TokenOf(rest);
        rest = rest[token.Length..];
        return token.IsEmpty ? null : token.ToString();
    }

    private static string? QuotedOf(ref ReadOnlySpan<char> rest)
    {
        var value = new StringBuilder();
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                rest = rest[(i + 1)..];
                return value.ToString();
            }

            if (rest[i] == '\\' && ++i == rest.Length)
            {
                break;
            }

            if (rest[i] != '\t' && char.IsControl(rest[i]))
            {
                break;
            }

            value.Append(rest[i]);
        }

        return null;
    }

    /// <summary>What an old scheme has in place of parameters: one text, which may end with equals signs.</summary>
    private static bool IsToken68(ReadOnlySpan<char> text)
    {
        var body = text.TrimEnd('=');
        foreach (var character in body)
        {
            if (!char.IsAsciiLetterOrDigit(character) && !"-._~+/".Contains(character))
            {
                return false;
            }
        }

        return !body.IsEmpty;
    }
}
