using System.Buffers.Text;
using System.Text.Json;

namespace Gateway.Commands;

/// <summary>What an operator is shown of texts of others: short, and of a token what it says. Decides nothing.</summary>
internal static class Shown
{
    public const int Most = 300;

    public static string Cut(string text) => text.Length <= Most ? text : text[..Most] + "…";

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
