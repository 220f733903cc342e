using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// Everything an inbound token must pass, in order; the first failure names the refusal. Nothing a token says is
/// normalised, and nothing but an exact match of an accepted audience identifies a server.
/// </summary>
/// <remarks>RFC 8725 §3; RFC 9068 §4; RFC 7519 §4.1.</remarks>
internal static class TokenChecks
{
    private const int LongestSubject = 255;

    /// <summary>What is checked before a key is looked up.</summary>
    public static readonly Checklist<TokenCandidate, TokenRefusal> BeforeKey = new(TokenRefusal.Malformed,
    [
        .. JwsChecks.Of<TokenCandidate>(),
        new("algorithm", AlgorithmIsAllowed),
        new("token type", TypeIsAccessToken),
        new("issuer claim", IssuerIsText),
        new("trusted issuer", IssuerIsTrusted),
    ]);

    /// <summary>What is checked of the claims, which an introspected token has as well.</summary>
    public static readonly Checklist<TokenCandidate, TokenRefusal> OfClaims = new(TokenRefusal.Malformed,
    [
        new("claim types", ClaimsHaveTheirTypes),
        new("expiry", NotExpired),
        new("not before", NotAheadOfTime),
        new("lifetime", NotValidForTooLong),
        new("subject", SubjectIsUsable),
        new("audience", AudienceIsThisServer),
        new("no other audience", AudienceIsNoOther),
    ]);

    /// <summary>What is checked with the key: the signature before anything that it vouches for.</summary>
    public static readonly Checklist<TokenCandidate, TokenRefusal> WithKey = new(TokenRefusal.Malformed,
    [
        new("key", KeyIsForThisAlgorithm),
        new("signature", SignatureVerifies),
        .. OfClaims.Checks,
    ]);

    private static TokenRefusal? AlgorithmIsAllowed(TokenCandidate token)
    {
        if (token.Algorithm is { } algorithm && SignatureAlgorithms.KeyOf(algorithm) is not null)
        {
            foreach (var issuer in token.CandidateIssuers)
            {
                if (SignatureAlgorithms.Admit(issuer.Algorithms, algorithm))
                {
                    return null;
                }
            }
        }

        return TokenRefusal.AlgNotAllowed;
    }

    private static TokenRefusal? TypeIsAccessToken(TokenCandidate token)
    {
        var named = token.Header.TryGetProperty("typ", out _);
        var type = Jws.StringOf(token.Header, "typ");
        if (named && type is null)
        {
            return TokenRefusal.TypNotAllowed;
        }

        // Where JWT is admitted, no type at all says as much.
        type ??= "JWT";
        foreach (var issuer in token.CandidateIssuers)
        {
            foreach (var allowed in issuer.TokenTypes)
            {
                if (JwtType.Is(type, allowed) && (!JwtType.Is(type, "JWT") || LooksLikeAccessToken(token.Payload)))
                {
                    return null;
                }
            }
        }

        return TokenRefusal.TypNotAllowed;
    }

    // A type that ID, logout and refresh tokens have as well: only the claims tell them apart.
    private static bool LooksLikeAccessToken(JsonElement payload) =>
        TokenClaims.HaveAny(payload, TokenClaims.ClientNames.AsSpan()) &&
        TokenClaims.HaveAny(payload, ["scope", "scp", "roles"]) &&
        !TokenClaims.AreOfAnotherToken(payload);

    private static TokenRefusal? IssuerIsText(TokenCandidate token) =>
        Jws.StringOf(token.Payload, "iss") is null ? TokenRefusal.ClaimTypeInvalid : null;

    private static TokenRefusal? IssuerIsTrusted(TokenCandidate token) => token.Issuer is null ? TokenRefusal.IssuerUnknown : null;

    private static TokenRefusal? KeyIsForThisAlgorithm(TokenCandidate token) => token.Key!.Refusal;

    private static TokenRefusal? SignatureVerifies(TokenCandidate token)
    {
        try
        {
            token.SignatureVerified = token.Key!.Key!.Verify(token.Algorithm!, token.SigningInput, token.Signature);
        }
        catch (Exception exception) when (UnfitText.IsFault(exception))
        {
            // Whatever the cryptography stumbles over, the signature did not verify.
        }

        return token.SignatureVerified ? null : TokenRefusal.SignatureInvalid;
    }

    private static TokenRefusal? ClaimsHaveTheirTypes(TokenCandidate token)
    {
        token.Claims = TokenClaims.Read(token.Payload);
        if (token.Claims?.Expiry is null || !TokenClaims.TryReadActors(token.Payload, out var actors)
            || (token.Payload.TryGetProperty(AuthorizationDetails.Name, out var details) && !AuthorizationDetails.AreWellFormed(details)))
        {
            return TokenRefusal.ClaimTypeInvalid;
        }

        token.Actors = actors;
        return null;
    }

    private static TokenRefusal? NotExpired(TokenCandidate token) =>
        token.Now >= Milliseconds(token.Claims!.Expiry!.Value) + Skew(token) ? TokenRefusal.Expired : null;

    private static TokenRefusal? NotAheadOfTime(TokenCandidate token)
    {
        var latest = token.Now + Skew(token);
        return Milliseconds(token.Claims!.NotBefore ?? 0) > latest || Milliseconds(token.Claims.IssuedAt ?? 0) > latest
            ? TokenRefusal.NotYetValid
            : null;
    }

    private static TokenRefusal? NotValidForTooLong(TokenCandidate token)
    {
        var from = token.Claims!.IssuedAt is { } issued ? Milliseconds(issued) : token.Now;
        var lifetime = Milliseconds(token.Claims.Expiry!.Value) - from;
        return lifetime > (long)token.Issuer!.MaxTokenLifetime.TotalMilliseconds ? TokenRefusal.LifetimeExcessive : null;
    }

    private static TokenRefusal? SubjectIsUsable(TokenCandidate token)
    {
        var subject = Jws.StringOf(token.Payload, "sub");
        return string.IsNullOrWhiteSpace(subject) || !Characters.AreAtMost(LongestSubject, subject) ? TokenRefusal.SubjectInvalid : null;
    }

    private static TokenRefusal? AudienceIsThisServer(TokenCandidate token)
    {
        foreach (var audience in token.Claims!.Audiences)
        {
            if (token.Audience.Accepted.Contains(audience, StringComparer.Ordinal))
            {
                return null;
            }
        }

        return TokenRefusal.AudienceInvalid;
    }

    private static TokenRefusal? AudienceIsNoOther(TokenCandidate token)
    {
        if (token.Audience.AllowOthers)
        {
            return null;
        }

        foreach (var audience in token.Claims!.Audiences)
        {
            if (!token.Audience.Accepted.Contains(audience, StringComparer.Ordinal) &&
                !token.Issuer!.CompanionAudiences.Contains(audience, StringComparer.Ordinal))
            {
                return TokenRefusal.AudienceNotSingle;
            }
        }

        return null;
    }

    private static long Milliseconds(long seconds) => seconds * 1000;

    private static long Skew(TokenCandidate token) => (long)token.Issuer!.ClockSkew.TotalMilliseconds;
}
