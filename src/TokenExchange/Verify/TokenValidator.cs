using System.Collections.Immutable;

namespace TokenExchange.Verify;

/// <summary>
/// Decides whether an inbound access token was minted for one server. One validator per server; the first failing check
/// names the refusal.
/// </summary>
/// <param name="audience">What a token must be minted for.</param>
/// <param name="issuers">The issuers trusted at this server, and on what terms.</param>
/// <param name="clock">The time.</param>
/// <param name="capacity">How many accepted tokens are remembered, so that they are not verified again; 0: none.</param>
public sealed class TokenValidator(ResourceAudience audience, ImmutableArray<TrustedIssuer> issuers, TimeProvider clock, int capacity = 4096)
{
    private readonly ValidationCache accepted = new(capacity);

    /// <summary>Runs every check. An outage of the issuer is a refusal too; only cancellation throws.</summary>
    public ValueTask<TokenValidation> ValidateAsync(ReadOnlyMemory<char> token, CancellationToken cancellationToken)
    {
        // Sized first: not even a digest is computed over more than a token may have.
        if (token.Length <= JwsChecks.MaxLength && Remembered(TokenDigest.Of(token.Span)) is { } known)
        {
            return new(TokenValidation.Accepted(known));
        }

        var candidate = new TokenCandidate(token, audience, issuers, clock.GetUtcNow());
        if (Run(candidate, 0, TokenChecks.NeedsKey) is { } refusal)
        {
            return new(TokenValidation.Refused(refusal));
        }

        var lookup = candidate.Issuer!.Server.Keys.FindAsync(candidate.KeyId, candidate.Algorithm!, cancellationToken);
        return lookup.IsCompletedSuccessfully ? new(Finish(candidate, lookup.Result)) : FinishAsync(candidate, lookup);
    }

    /// <summary>How many accepted tokens are remembered.</summary>
    internal int RememberedCount => accepted.Count;

    private async ValueTask<TokenValidation> FinishAsync(TokenCandidate candidate, ValueTask<KeyLookup> lookup) => Finish(candidate, await lookup);

    private TokenValidation Finish(TokenCandidate candidate, KeyLookup key)
    {
        candidate.Key = key;
        if (Run(candidate, TokenChecks.NeedsKey, TokenChecks.All.Length) is { } refusal)
        {
            return TokenValidation.Refused(refusal, candidate.Present());
        }

        var token = candidate.Accept();
        accepted.Add(token.Digest, new(token, candidate.Issuer!, key.Generation));
        return TokenValidation.Accepted(token);
    }

    private static TokenRefusal? Run(TokenCandidate candidate, int from, int to)
    {
        try
        {
            foreach (var check in TokenChecks.All.AsSpan(from..to))
            {
                if (check.Refusal(candidate) is { } refusal)
                {
                    return refusal;
                }
            }

            return null;
        }
        catch
        {
            // A token that a check cannot cope with is not acceptable, whatever is wrong with it.
            return TokenRefusal.Malformed;
        }
    }

    // Everything a check found still holds, save what time and the issuer's keys may have changed.
    private ValidatedToken? Remembered(TokenDigest digest)
    {
        if (accepted.Find(digest) is not { } entry)
        {
            return null;
        }

        if (clock.GetUtcNow() - entry.Token.ExpiresAt < entry.Issuer.ClockSkew && entry.Issuer.Server.Keys.IsCurrent(entry.Generation))
        {
            return entry.Token;
        }

        accepted.Remove(digest);
        return null;
    }
}

/// <summary>The outcome of a validation: a token, or a refusal with what may be said about the token.</summary>
public sealed class TokenValidation
{
    private TokenValidation()
    {
    }

    /// <summary>The token, when every check passed.</summary>
    public ValidatedToken? Token { get; private init; }

    /// <summary>The first failed check; meaningful only without a <see cref="Token"/>.</summary>
    public TokenRefusal Refusal { get; private init; }

    /// <summary>What the refused token claims to be, once its signature was verified; null before that, and for accepted tokens.</summary>
    public PresentedToken? Presented { get; private init; }

    internal static TokenValidation Accepted(ValidatedToken token) => new() { Token = token };

    internal static TokenValidation Refused(TokenRefusal refusal, PresentedToken? presented = null) => new() { Refusal = refusal, Presented = presented };
}

/// <summary>The identity of a refused token whose signature was verified: for the audit, never for a decision.</summary>
public sealed record PresentedToken(string Issuer, string? Subject, string? ClientId, string? TokenId, ImmutableArray<string> Audiences, ImmutableArray<string> Actors);
