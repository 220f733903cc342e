using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>Everything a logout token must pass, in order; the first failure names the refusal.</summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6; RFC 8417 §2.2.</remarks>
internal static class LogoutChecks
{
    public const string Event = "http://schemas.openid.net/event/backchannel-logout";

    /// <summary>How old an announcement may be; the specification recommends at most two minutes of life.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(2);

    private const int LongestName = 255;

    /// <summary>What is checked before a key is looked up.</summary>
    public static readonly Checklist<LogoutCandidate, TokenRefusal> BeforeKey = new(TokenRefusal.Malformed,
    [
        .. JwsChecks.Of<LogoutCandidate>(),
        That("alg", token => token.Algorithm is { } alg && SignatureAlgorithms.KeyOf(alg) is not null && SignatureAlgorithms.Admit(token.Algorithms, alg)),
        That("typ", TypeIsLogout),
        That("issuer", token => Jws.StringOf(token.Payload, "iss") == token.Issuer),
    ]);

    /// <summary>What is checked with the key.</summary>
    public static readonly Checklist<LogoutCandidate, TokenRefusal> WithKey = new(TokenRefusal.Malformed,
    [
        That("key", token => token.Key is { Refusal: null, Key: not null }),
        That("signature", token => token.Key!.Key!.Verify(token.Algorithm!, token.SigningInput, token.Signature)),
        That("claim types", ClaimsHaveTheirTypes),
        That("issued at", IsFresh),
        That("expiry", token => token.Claims!.Expiry is not { } expiry || token.Now - token.Skew < DateTimeOffset.FromUnixTimeSeconds(expiry)),
        That("not before", token => token.Claims!.NotBefore is not { } start || DateTimeOffset.FromUnixTimeSeconds(start) <= token.Now + token.Skew),
        That("audience", token => token.Claims!.Audiences.Any(audience => token.ClientIds.Contains(audience, StringComparer.Ordinal))),
        That("events", AnnouncesLogout),
        That("nonce", token => !token.Payload.TryGetProperty("nonce", out _)),
        That("subject or session", NamesSomebody),
        That("id", token => token.TokenId is { Length: > 0 } id && Characters.AreAtMost(LongestName, id)),
    ]);

    // Who announces a logout is told the name of the check alone.
    private static Check<LogoutCandidate, TokenRefusal> That(string name, Predicate<LogoutCandidate> passes) => new(name, token => passes(token) ? null : TokenRefusal.Malformed);

    // Issuers from before explicit typing say JWT or nothing; the events tell their tokens apart.
    private static bool TypeIsLogout(LogoutCandidate token) =>
        !token.Header.TryGetProperty("typ", out _) ||
        (Jws.StringOf(token.Header, "typ") is { } type && (JwtType.Is(type, "logout+jwt") || JwtType.Is(type, "JWT")));

    private static bool ClaimsHaveTheirTypes(LogoutCandidate token) => (token.Claims = TokenClaims.Read(token.Payload)) is not null;

    private static bool IsFresh(LogoutCandidate token) =>
        token.Claims!.IssuedAt is not null && token.IssuedAt <= token.Now + token.Skew && token.Now < token.StaleAt;

    private static bool AnnouncesLogout(LogoutCandidate token) =>
        token.Payload.TryGetProperty("events", out var events) && events.ValueKind == JsonValueKind.Object
        && events.TryGetProperty(Event, out var logout) && logout.ValueKind == JsonValueKind.Object;

    private static bool NamesSomebody(LogoutCandidate token) =>
        IsNameOrAbsent(token.Payload, "sub", out var subject) && IsNameOrAbsent(token.Payload, "sid", out var session) && (subject || session);

    private static bool IsNameOrAbsent(JsonElement payload, string name, out bool present)
    {
        present = payload.TryGetProperty(name, out _);
        return !present || (Jws.StringOf(payload, name) is { } value && Characters.AreAtMost(LongestName, value) && !string.IsNullOrWhiteSpace(value));
    }
}
