using System.Net;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Gateway.Front;

/// <summary>The parameters of one request, each of them once. Everything else about them is for their readers to judge.</summary>
/// <remarks>RFC 6749 §3.1, §3.2.</remarks>
internal sealed class FrontParameters
{
    private const int Most = 100;
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    private FrontParameters()
    {
    }

    /// <summary>The value; null when there is none, or an empty one, which is the same (RFC 6749 §3.1).</summary>
    public string? this[string name] => values.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>Reads a query, or a form in UTF-8.</summary>
    public static FrontRefusal? Read(string text, out FrontParameters parameters)
    {
        parameters = new FrontParameters();
        foreach (var pair in new QueryStringEnumerable(text))
        {
            if (parameters.values.Count == Most)
            {
                return FrontRefusal.TooLarge;
            }

            // Not DecodeValue, which leaves what is no UTF-8 as it was: it would be sent on as another value.
            var value = WebUtility.UrlDecode(pair.EncodedValue.ToString());
            if (value.Any(character => char.IsControl(character) || character == Rune.ReplacementChar.Value))
            {
                return FrontRefusal.Characters;
            }

            if (!parameters.values.TryAdd(pair.DecodeName().ToString(), value))
            {
                return FrontRefusal.ParameterTwice;
            }
        }

        return null;
    }
}
