using System.Buffers;

namespace TokenExchange.Issuers;

/// <summary>A media type with its parameters, read as HTTP writes it: names without case, values quoted or not, empty parameters nothing.</summary>
/// <remarks>RFC 9110 §8.3.1 and §5.6.6.</remarks>
public sealed class MediaType
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly string name;
    private readonly List<KeyValuePair<string, string>> parameters = [];

    private MediaType(string name) => this.name = name;

    /// <summary>The parameters in their order, their values without quotes.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters => parameters;

    /// <summary>Whether this is the type of that name, whatever its parameters.</summary>
    public bool Is(string type) => name.Equals(type, StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of a parameter, null when it is not there; the first, when it is there twice.</summary>
    public string? this[string parameter] =>
        parameters.FirstOrDefault(pair => pair.Key.Equals(parameter, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The type that a field's value names; null when it is none.</summary>
    public static MediaType? Parse(string? value)
    {
        var rest = value.AsSpan().Trim(" \t");
        var type = Token(ref rest);
        if (type.IsEmpty || !Take(ref rest, '/') || Token(ref rest) is not { IsEmpty: false } subtype)
        {
            return null;
        }

        var read = new MediaType($"{type}/{subtype}");
        while (true)
        {
            rest = rest.TrimStart(" \t");
            if (rest.IsEmpty)
            {
                return read;
            }

            if (!Take(ref rest, ';'))
            {
                return null;
            }

            rest = rest.TrimStart(" \t");
            var parameter = Token(ref rest);
            if (parameter.IsEmpty)
            {
                continue;
            }

            if (!Take(ref rest, '=') || Value(ref rest) is not { } text)
            {
                return null;
            }

            read.parameters.Add(new(parameter.ToString(), text));
        }
    }

    private static ReadOnlySpan<char> Token(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAnyExcept(TokenCharacters);
        var token = end < 0 ? rest : rest[..end];
        rest = rest[token.Length..];
        return token;
    }

    private static bool Take(ref ReadOnlySpan<char> rest, char one)
    {
        if (rest.IsEmpty || rest[0] != one)
        {
            return false;
        }

        rest = rest[1..];
        return true;
    }

    private static string? Value(ref ReadOnlySpan<char> rest)
    {
        if (!Take(ref rest, '"'))
        {
            var token = Token(ref rest);
            return token.IsEmpty ? null : token.ToString();
        }

        var text = new System.Text.StringBuilder();
        while (!rest.IsEmpty)
        {
            var next = rest[0];
            rest = rest[1..];
            switch (next)
            {
                case '"':
                    return text.ToString();
                case '\\' when !rest.IsEmpty && rest[0] is '\t' or (>= ' ' and not '\u007f'):
                    text.Append(rest[0]);
                    rest = rest[1..];
                    break;
                case '\\' or '\u007f' or (< ' ' and not '\t'):
                    return null;
                default:
                    text.Append(next);
                    break;
            }
        }

        return null;
    }
}
