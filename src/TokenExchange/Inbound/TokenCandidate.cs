using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>An inbound token on its way through <see cref="TokenChecks"/>: what was found out so far, and against what it is checked.</summary>
internal sealed class TokenCandidate(TokenText text, ResourceAudience audience, ImmutableArray<TrustedIssuer> issuers, DateTimeOffset now) : Jws(text.Characters)
{
    private TrustedIssuer? issuer;
    private bool issuerSought;
    private string? said;

    public ResourceAudience Audience => audience;

    public ImmutableArray<TrustedIssuer> Issuers => issuers;

    /// <summary>The time of the whole validation, in milliseconds since 1970: plain numbers cannot overflow here.</summary>
    public long Now { get; } = now.ToUnixTimeMilliseconds();

    /// <summary>The trusted issuer that the token names, exactly; null when it names none. Says nothing before the signature is verified.</summary>
    public TrustedIssuer? Issuer
    {
        get
        {
            if (!issuerSought)
            {
                issuerSought = true;
                issuer = StringOf(Payload, "iss") is { } name ? Find(name) : null;
            }

            return issuer;
        }
    }

    /// <summary>The issuers whose terms count before the issuer itself does: the named one, or all when it is none of them.</summary>
    public ImmutableArray<TrustedIssuer> CandidateIssuers => Issuer is { } known ? [known] : issuers;

    /// <summary>The key that the header names at that issuer; set before the checks that need it.</summary>
    public KeyLookup? Key { get; set; }

    /// <summary>Set by the check "signature".</summary>
    public bool SignatureVerified { get; set; }

    /// <summary>Set by the check "claim types".</summary>
    public TokenClaims? Claims { get; set; }

    /// <summary>Set by the check "claim types".</summary>
    public ImmutableArray<string> Actors { get; set; } = [];

    /// <summary>An opaque token for which its issuer answers: its claims are what the issuer said of it.</summary>
    public static TokenCandidate Introspected(TokenText text, IntrospectionAnswer.Active answer, ResourceAudience audience, TrustedIssuer issuer, DateTimeOffset now) =>
        new(text, audience, [issuer], now) { Payload = answer.Claims, issuer = issuer, issuerSought = true, said = answer.Digest, SignatureVerified = true };

    public ValidatedToken Accept()
    {
        return new ValidatedToken(text)
        {
            Resource = audience.Resource,
            Issuer = Issuer!.Server.Settings.Issuer,
            Subject = StringOf(Payload, "sub")!,
            ClientId = Claims!.ClientId,
            TokenId = Claims.TokenId,
            Audiences = Claims.Audiences,
            Scopes = Claims.Scopes,
            Actors = Actors,
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(Claims.Expiry!.Value),
            ClockSkew = Issuer.ClockSkew,
            Claims = Payload,
            Confirmation = Confirmation.Read(Payload),
            SaidDigest = said,
        };
    }

    /// <summary>What may be said of a refused token: nothing before its signature was verified.</summary>
    public PresentedToken? Present()
    {
        if (!SignatureVerified)
        {
            return null;
        }

        // Claim types may be what it was refused for: read whatever can be read.
        var audiences = Payload.TryGetProperty("aud", out var claim) && TokenClaims.TryReadStrings(claim, out var strings) ? strings : [];
        TokenClaims.TryReadActors(Payload, out var actors);
        return new PresentedToken(Issuer!.Server.Settings.Issuer, StringOf(Payload, "sub"), FirstClient(Payload), StringOf(Payload, "jti"), audiences, actors);
    }

    private static string? FirstClient(JsonElement payload)
    {
        foreach (var name in TokenClaims.ClientNames)
        {
            if (StringOf(payload, name) is { } client)
            {
                return client;
            }
        }

        return null;
    }

    private TrustedIssuer? Find(string name)
    {
        foreach (var trusted in issuers)
        {
            if (trusted.Server.Settings.Issuer == name)
            {
                return trusted;
            }
        }

        return null;
    }
}
