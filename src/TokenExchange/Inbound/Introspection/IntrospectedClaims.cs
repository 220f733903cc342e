using System.Buffers.Text;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Introspection;

/// <summary>Whether an answer that says "active" speaks of an access token, and of the one that was asked about.</summary>
/// <remarks>RFC 7662 §2.2. Products name the type in three ways: <c>token_type</c>, <c>token_use</c>, <c>typ</c>.</remarks>
internal static class IntrospectedClaims
{
    /// <summary>
    /// What may be another in every answer about one token. It is no part of the digest, and therefore goes out in no token.
    /// <c>exp</c> is none of it: the hop token ends by it.
    /// </summary>
    public static readonly FrozenSet<string> Passing = FrozenSet.Create(StringComparer.Ordinal, "active", "expires_in", "iat", "nbf");

    /// <summary>Stands for everything else that an answer says, in whatever order; of what is no JWT nothing else does.</summary>
    public static string DigestOf(JsonElement claims)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var member in claims.EnumerateObject().Where(member => !Passing.Contains(member.Name)).OrderBy(member => member.Name, StringComparer.Ordinal))
        {
            hash.AppendFields(member.Name);
            hash.AppendField(JsonMarshal.GetRawUtf8Value(member.Value));
        }

        return Base64Url.EncodeToString(hash.GetHashAndReset());
    }

    /// <summary>Null when it does; <paramref name="token"/> is what the token says of itself, where that is known.</summary>
    public static TokenRefusal? Refusal(JsonElement claims, string issuer, ValidatedToken? token = null)
    {
        // A token that is called DPoP is one where it is bound: to whom, the answer says or the token itself.
        var isBound = token?.Confirmation is not null || claims.TryGetProperty("cnf", out _);
        if (!IsAbsentOr(claims, "token_type", type => Is(type, "Bearer") || Is(type, "access_token") || (isBound && Is(type, "DPoP"))) ||
            !IsAbsentOr(claims, "token_use", use => Is(use, "access_token") || Is(use, "access")) ||
            !IsAbsentOr(claims, "typ", type => Is(type, "Bearer") || (isBound && Is(type, "DPoP")) || JwtType.MayBeAccessToken(type)))
        {
            return TokenRefusal.TypNotAllowed;
        }

        return !IsAbsentOr(claims, "iss", value => value == issuer) ? TokenRefusal.IssuerUnknown
            : token is null ? null
            : !IsAbsentOr(claims, "sub", value => value == token.Subject) ? TokenRefusal.SubjectInvalid
            : !IsForSomeOf(claims, token) ? TokenRefusal.AudienceInvalid
            : !IsOfTheClient(claims, token) || !TokenClaims.TryReadScopes(claims, out _) || AuthorityClaims.Contradict(claims, token) ? TokenRefusal.ClaimTypeInvalid
            : null;
    }

    /// <summary>
    /// Null when the times that an answer about a JWT names let it in now, as its own do; <paramref name="end"/> is when it ends by
    /// the answer, null when that does not say.
    /// </summary>
    public static TokenRefusal? TimesRefusal(JsonElement claims, DateTimeOffset now, TimeSpan skew, out DateTimeOffset? end)
    {
        end = null;
        if (!TokenClaims.TryReadSeconds(claims, "exp", out var expiry) || !TokenClaims.TryReadSeconds(claims, "nbf", out var notBefore) || !TokenClaims.TryReadSeconds(claims, "iat", out var issuedAt))
        {
            return TokenRefusal.ClaimTypeInvalid;
        }

        end = Time(expiry);
        return now - skew >= end ? TokenRefusal.Expired
            : Time(notBefore) > now + skew || Time(issuedAt) > now + skew ? TokenRefusal.NotYetValid
            : null;
    }

    private static DateTimeOffset? Time(long? seconds) => seconds is { } value ? DateTimeOffset.FromUnixTimeSeconds(value) : null;

    private static bool IsForSomeOf(JsonElement claims, ValidatedToken token) =>
        !claims.TryGetProperty("aud", out var value) || (TokenClaims.TryReadStrings(value, out var audiences) && audiences.Any(token.Audiences.Contains));

    private static bool IsOfTheClient(JsonElement claims, ValidatedToken token)
    {
        foreach (var name in TokenClaims.ClientNames)
        {
            if (claims.TryGetProperty(name, out _))
            {
                return token.ClientId is null || Jws.StringOf(claims, name) == token.ClientId;
            }
        }

        return true;
    }

    private static bool IsAbsentOr(JsonElement claims, string name, Predicate<string> expected) =>
        !claims.TryGetProperty(name, out _) || (Jws.StringOf(claims, name) is { } value && expected(value));

    private static bool Is(string value, string expected) => value.Equals(expected, StringComparison.OrdinalIgnoreCase);
}
