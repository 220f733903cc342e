using System.Globalization;
using System.Text.Json;

namespace Gateway.Authenticate;

/// <summary>A request header that tells an MCP server a claim of the caller's token.</summary>
internal sealed record IdentityHeader(string Header, string Claim);

/// <summary>
/// Claims as header values, for servers that cannot read tokens. Such a server believes what the header says, so that a
/// claim which is missing or could be read as anything else ends the request instead.
/// </summary>
internal static class IdentityClaims
{
    /// <summary>Servers and frameworks bound their headers; what an identity is called is short.</summary>
    private const int MaxLength = 1024;

    /// <summary>The header's value: a text, a whole number or a truth value of printable ASCII without blanks around it; else null.</summary>
    public static string? ValueOf(JsonElement claims, IdentityHeader header)
    {
        if (claims.ValueKind != JsonValueKind.Object || !claims.TryGetProperty(header.Claim, out var claim))
        {
            return null;
        }

        var value = claim.ValueKind switch
        {
            JsonValueKind.String => claim.GetString()!,
            JsonValueKind.Number when claim.TryGetInt64(out var number) => number.ToString(CultureInfo.InvariantCulture),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => "",
        };
        return value.Length is > 0 and <= MaxLength && value[0] != ' ' && value[^1] != ' ' && !value.AsSpan().ContainsAnyExceptInRange(' ', '~') ? value : null;
    }
}
