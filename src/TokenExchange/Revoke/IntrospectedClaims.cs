using System.Text.Json;
using TokenExchange.Verify;

namespace TokenExchange.Revoke;

/// <summary>Whether an answer that says "active" speaks of an access token, and of the one that was asked about.</summary>
/// <remarks>RFC 7662 §2.2. Products name the type in three ways: <c>token_type</c>, <c>token_use</c>, <c>typ</c>.</remarks>
internal static class IntrospectedClaims
{
    /// <summary>Null when it does; <paramref name="subject"/> is the token's own, where it is known.</summary>
    public static TokenRefusal? Refusal(JsonElement claims, string issuer, string? subject = null)
    {
        if (!IsAbsentOr(claims, "token_type", type => Is(type, "Bearer") || Is(type, "access_token")) ||
            !IsAbsentOr(claims, "token_use", use => Is(use, "access_token") || Is(use, "access")) ||
            !IsAbsentOr(claims, "typ", type => Is(type, "Bearer") || TokenChecks.IsMediaType(type, "at+jwt") || TokenChecks.IsMediaType(type, "JWT")))
        {
            return TokenRefusal.TypNotAllowed;
        }

        return !IsAbsentOr(claims, "iss", value => value == issuer) ? TokenRefusal.IssuerUnknown
            : subject is not null && !IsAbsentOr(claims, "sub", value => value == subject) ? TokenRefusal.SubjectInvalid
            : null;
    }

    private static bool IsAbsentOr(JsonElement claims, string name, Predicate<string> expected) =>
        !claims.TryGetProperty(name, out _) || (Jws.StringOf(claims, name) is { } value && expected(value));

    private static bool Is(string value, string expected) => value.Equals(expected, StringComparison.OrdinalIgnoreCase);
}
