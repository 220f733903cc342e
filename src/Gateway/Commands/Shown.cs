using System.Buffers.Text;
using System.Text.Json;
using Gateway.Observe;
using TokenExchange.Inbound;

namespace Gateway.Commands;

/// <summary>What an operator is shown of texts of others: short, and of a token what it says. Decides nothing.</summary>
internal static class Shown
{
    public const int Most = 300;

    public static string Cut(string text) => text.Length <= Most ? text : text[..Most] + "…";

    /// <summary>Whatever a terminal would obey becomes a question mark.</summary>
    public static string Visible(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '?' : character));

    public static string Scopes(ScopeSet scopes) => scopes.ToString() is { Length: > 0 } text ? text : "(none)";

    /// <summary>
    /// Somebody else's text: short, and without these credentials or whatever looks like a token. A peer may send back what
    /// it was sent.
    /// </summary>
    public static string Foreign(string text, params ReadOnlySpan<string?> secrets) => Cut(((ForeignText)text).Without(Credentials.Of(secrets)) ?? "");

    /// <summary>A claim as one reads it: a text, a list of texts, or JSON.</summary>
    public static string Claim(JsonElement claims, string name, params ReadOnlySpan<string?> secrets)
    {
        if (claims.ValueKind != JsonValueKind.Object || !claims.TryGetProperty(name, out var value))
        {
            return "(none)";
        }

        return Foreign(Text(value), secrets) is { Length: > 0 } text ? text : "(empty)";
    }

    private static string Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()!
                : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) ? string.Join(' ', value.EnumerateArray().Select(item => item.GetString()))
                : value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            // No valid Unicode.
            return value.GetRawText();
        }
    }

    /// <summary>The header (0) or payload (1) of a token; null when it cannot be read.</summary>
    public static JsonElement? PartOf(string token, int part)
    {
        try
        {
            return token.Split('.') is { Length: 3 } parts && JsonElement.Parse(Base64Url.DecodeFromChars(parts[part])) is { ValueKind: JsonValueKind.Object } read ? read : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }
}
