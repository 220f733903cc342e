using System.Text.Json;
using TokenExchange.Jose;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Profiles;

namespace TokenExchange.Outbound.Exchange;

/// <summary>
/// Checks the shape of a successful answer. Whether the token is the one asked for is verified afterwards; a refresh token
/// or an ID token in the answer is never looked at.
/// </summary>
/// <remarks>RFC 8693 §2.2.1; RFC 6749 §5.1.</remarks>
internal static class TokenResponseReader
{
    private const int MaxTokenLength = 16 * 1024;
    private const long MaxExpiresIn = 1_000_000_000;

    /// <summary>The answer, or null when its shape is not the one expected.</summary>
    public static TokenResponse? Read(JsonElement? body, ExchangeProfile profile, bool allowMissingIssuedTokenType, bool isBound)
    {
        if (body is not { } answer
            || answer.Text("access_token") is not { } token || !IsHeaderSafe(token)
            || !IsType(answer.Text("token_type"), profile, isBound)
            || !IsIssuedAs(answer, profile, allowMissingIssuedTokenType)
            || !TryExpiresIn(answer, out var expiresIn)
            || !TryScope(answer, out var scope))
        {
            return null;
        }

        return new TokenResponse(token, scope, expiresIn)
        {
            Details = answer.TryGetProperty(AuthorizationDetails.Name, out var details) && details.ValueKind != JsonValueKind.Null ? details : default,
        };
    }

    // What may stand in a header without a thought: no space, no control, nothing beyond ASCII.
    private static bool IsHeaderSafe(string token) =>
        token.Length is > 0 and <= MaxTokenLength && !token.AsSpan().ContainsAnyExceptInRange('!', '~');

    // N_A is what is said of a token that is no access token.
    private static bool IsType(string? type, ExchangeProfile profile, bool isBound) =>
        string.Equals(type, profile.IssuedTokenType == TokenType.IdJag ? "N_A" : isBound ? "DPoP" : "Bearer", StringComparison.OrdinalIgnoreCase);

    private static bool IsIssuedAs(JsonElement answer, ExchangeProfile profile, bool allowMissing) =>
        answer.Has("issued_token_type")
            ? answer.Text("issued_token_type") == profile.IssuedTokenType
            : allowMissing || profile.OmitsIssuedTokenType;

    private static bool TryExpiresIn(JsonElement answer, out TimeSpan? expiresIn)
    {
        expiresIn = null;
        if (!answer.Has("expires_in", out var value))
        {
            return true;
        }

        if (!AnswerReader.TryWhole(value, out var seconds) || seconds is <= 0 or > MaxExpiresIn)
        {
            return false;
        }

        expiresIn = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static bool TryScope(JsonElement answer, out ScopeSet? scope)
    {
        scope = null;
        return !answer.Has("scope") || (answer.Text("scope") is { } text && ScopeSet.TryParse(text, out scope));
    }
}
