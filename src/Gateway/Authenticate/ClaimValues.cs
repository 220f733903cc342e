using System.Text.Json;

namespace Gateway.Authenticate;

/// <summary>Compares the values of a claim: a string, a number or a boolean as the token spells it, or an array of which one string counts.</summary>
internal static class ClaimValues
{
    /// <summary>Whether <paramref name="claims"/> has the claim with one of its admitted values; compared ordinally.</summary>
    public static bool HasAny(JsonElement claims, RequiredClaim required)
    {
        if (claims.ValueKind != JsonValueKind.Object || !claims.TryGetProperty(required.Name, out var value))
        {
            return false;
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => required.AnyOf.Contains(value.GetString()!),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => required.AnyOf.Contains(value.GetRawText()),
            JsonValueKind.Array => value.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.String && required.AnyOf.Contains(item.GetString()!)),
            _ => false,
        };
    }
}
