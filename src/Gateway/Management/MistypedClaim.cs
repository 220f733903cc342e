using System.Buffers.Text;
using System.Text.Json;

namespace Gateway.Management;

/// <summary>Which claim of a token that was refused for a type is it, and what it has to be. Only a hint: it decides nothing, and shows no value.</summary>
/// <remarks>RFC 7519 §4.1; RFC 9068 §2.2; RFC 8693 §4; RFC 9396 §2.</remarks>
internal static class MistypedClaim
{
    private const string WholeSeconds = "a whole number of seconds since 1970, written in digits alone";
    private const string Text = "a text";
    private const string Scopes = "a text of scopes, parted by one blank each";

    private static readonly (string Claim, Func<JsonElement, bool> IsRight, string Wanted)[] Types =
    [
        ("iss", IsText, Text),
        ("exp", IsSeconds, WholeSeconds),
        ("nbf", IsSeconds, WholeSeconds),
        ("iat", IsSeconds, WholeSeconds),
        ("jti", IsText, Text),
        ("aud", IsTextOrTexts, "a text, or a list of texts"),
        ("client_id", IsFilledText, "a text that is not empty"),
        ("azp", IsFilledText, "a text that is not empty"),
        ("appid", IsFilledText, "a text that is not empty"),
        ("cid", IsFilledText, "a text that is not empty"),
        ("scope", IsScopes, Scopes),
        ("scp", value => value.ValueKind == JsonValueKind.Array ? IsTextOrTexts(value) : IsScopes(value), $"{Scopes}, or a list of scopes"),
        ("act", IsActor, "an object with a sub that is not empty, and so each act in it"),
        ("authorization_details", value => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(detail => detail.ValueKind == JsonValueKind.Object && detail.TryGetProperty("type", out var type) && IsText(type)), "a list of objects with a type each"),
    ];

    /// <summary>What to correct; null when the token cannot be read.</summary>
    public static string? Hint(string token)
    {
        try
        {
            var payload = JsonElement.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
            foreach (var (claim, isRight, wanted) in Types)
            {
                if (payload.TryGetProperty(claim, out var value) ? !isRight(value) : claim is "iss" or "exp")
                {
                    return $"Its claim '{claim}' {(value.ValueKind == JsonValueKind.Undefined ? "is missing" : $"is {Kind(value)}")}; it must be {wanted}.";
                }
            }

            return "Its claims 'scope' and 'scp' differ, or hold what no scope may.";
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        _ => "a truth value",
    };

    private static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String;

    private static bool IsFilledText(JsonElement value) => IsText(value) && value.GetString()!.Length > 0;

    private static bool IsTextOrTexts(JsonElement value) => IsText(value) || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(IsText));

    private static bool IsSeconds(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.GetRawText().All(char.IsAsciiDigit) && value.TryGetInt64(out var seconds) && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    private static bool IsScopes(JsonElement value) => IsText(value) && TokenExchange.Inbound.ScopeSet.TryParse(value.GetString()!, out _);

    private static bool IsActor(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("sub", out var sub) && IsFilledText(sub) && (!value.TryGetProperty("act", out var next) || IsActor(next));
}
