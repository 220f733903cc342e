using System.Collections.Immutable;

namespace TokenExchange.Verify;

/// <summary>
/// Decides whether an inbound access token was minted for one server. One validator per server; the first failing check
/// names the refusal.
/// </summary>
public sealed class TokenValidator(ResourceAudience audience, ImmutableArray<TrustedIssuer> issuers, TimeProvider clock)
{
    /// <summary>Runs every check. An outage of the issuer is a refusal too; only cancellation throws.</summary>
    public ValueTask<TokenValidation> ValidateAsync(ReadOnlyMemory<char> token, CancellationToken cancellationToken) =>
        throw new NotImplementedException($"{audience}{issuers}{clock}");
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
