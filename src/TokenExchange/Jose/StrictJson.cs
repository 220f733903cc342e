using System.Text.Json;
using System.Text.Unicode;

namespace TokenExchange.Jose;

internal enum JsonForm
{
    Sound,
    Malformed,
    DuplicateMembers,
}

/// <summary>
/// Reads JSON that two parsers cannot read differently: one object in UTF-8, without comments, trailing commas, lone
/// surrogates or a byte order mark, at most 32 levels deep, and no object with two members of one name.
/// </summary>
/// <remarks>RFC 8725 §2.4 and §3.12; RFC 7515 §4.</remarks>
internal static class StrictJson
{
    private const int MaxDepth = 32;
    private static readonly JsonDocumentOptions Unique = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
    private static readonly JsonDocumentOptions Repeating = new() { MaxDepth = MaxDepth };

    public static JsonForm Read(ReadOnlySpan<byte> utf8, out JsonElement root)
    {
        root = default;
        if (!Utf8.IsValid(utf8))
        {
            return JsonForm.Malformed;
        }

        if (!TryParse(utf8, Unique, out root))
        {
            // The parser does not say which of the two it was.
            return TryParse(utf8, Repeating, out _) ? JsonForm.DuplicateMembers : JsonForm.Malformed;
        }

        return JsonForm.Sound;
    }

    private static bool TryParse(ReadOnlySpan<byte> utf8, JsonDocumentOptions options, out JsonElement root)
    {
        root = default;
        try
        {
            var parsed = JsonElement.Parse(utf8, options);
            if (parsed.ValueKind != JsonValueKind.Object || !SurrogatePairs.AreWhole(utf8))
            {
                return false;
            }

            root = parsed;
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
