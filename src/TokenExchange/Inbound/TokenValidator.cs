using System.Collections.Immutable;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// Decides whether an inbound access token was minted for one server. One validator per server; the first failing check
/// names the refusal.
/// </summary>
/// <param name="audience">What a token must be minted for.</param>
/// <param name="issuers">The issuers trusted at this server, and on what terms.</param>
/// <param name="clock">The time.</param>
/// <param name="capacity">How many accepted tokens are remembered, so that they are not verified again; 0: none.</param>
/// <param name="revocations">What is revoked; null: nothing ever is.</param>
/// <param name="keepClaims">Whether the claims of remembered tokens are kept too, for rules that ask for them at every use.</param>
/// <param name="sender">Decides whether what a token is bound to was proven; null: a token that is bound to anything is refused.</param>
public sealed class TokenValidator(
    ResourceAudience audience, ImmutableArray<TrustedIssuer> issuers, TimeProvider clock, int capacity = 4096, Revocations? revocations = null, bool keepClaims = false,
    SenderPolicy? sender = null)
{
    private readonly ValidationCache accepted = new(capacity, clock);

    // Most tokens come from the same clients with the same scopes: what they have in common is kept once.
    private volatile TokenTerms? latest;

    private readonly bool introspects = issuers.Any(issuer => issuer.Introspection is not null);

    // Whom opaque tokens are shown to: the one issuer that is asked, or nobody, since a token must not be shown to another issuer.
    private readonly TrustedIssuer? opaqueIssuer = issuers.Count(issuer => issuer.Introspection is not null) == 1
        ? issuers.Single(issuer => issuer.Introspection is not null)
        : null;

    /// <summary>Validates a token that is presented by a bearer, without any proof.</summary>
    public ValueTask<TokenValidation> ValidateAsync(ReadOnlyMemory<char> token, CancellationToken cancellationToken) => ValidateAsync(new TokenText(token), default, cancellationToken);

    /// <inheritdoc cref="ValidateAsync(TokenText, Presentation, CancellationToken)"/>
    public ValueTask<TokenValidation> ValidateAsync(ReadOnlyMemory<char> token, Presentation presented, CancellationToken cancellationToken) =>
        ValidateAsync(new TokenText(token), presented, cancellationToken);

    /// <summary>
    /// Runs every check: those that need nobody first, then whether it comes from its sender, then revocation, then, where
    /// it is configured, the issuer's own word. An outage of the issuer is a refusal too; only cancellation throws. What
    /// was found out about the token may be remembered; what was presented with it is judged each time.
    /// </summary>
    public ValueTask<TokenValidation> ValidateAsync(TokenText token, Presentation presented, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (opaqueIssuer is not null && IsOpaque(token.Characters.Span))
        {
            return IntrospectAsync(token, presented, opaqueIssuer, cancellationToken);
        }

        var local = ValidateLocallyAsync(token, presented, cancellationToken);
        return !introspects ? local
            : local.IsCompletedSuccessfully ? ConfirmAsync(token.Characters, presented, local.Result, cancellationToken)
            : ConfirmAsync(token.Characters, presented, local, cancellationToken);
    }

    /// <summary>Every check but introspection; of a token that is remembered, those that time, keys, revocations and what came with it decide.</summary>
    private ValueTask<TokenValidation> ValidateLocallyAsync(TokenText token, Presentation presented, CancellationToken cancellationToken)
    {
        if (token.Digest is { } digest && Remembered(digest) is { } known)
        {
            var accepted = ValidatedToken.Presented(known, audience.Resource, token);
            return presented.Proof is null ? new(UnlessStolen(accepted, presented)) : ProveAsync(accepted, presented);
        }

        var candidate = new TokenCandidate(token, audience, issuers, clock.GetUtcNow());
        if (TokenChecks.BeforeKey.RefusalOf(candidate) is { } refusal)
        {
            return new(TokenValidation.Refused(refusal));
        }

        return FinishAsync(candidate, presented, candidate.Issuer!.Server.Keys.FindAsync(candidate.KeyId, candidate.Algorithm!, cancellationToken), cancellationToken);
    }

    /// <summary>Whether the issuer is asked about this token when it is presented: an opaque one, or one that is accepted and of an issuer that is always asked.</summary>
    /// <remarks>RFC 7662.</remarks>
    public bool IsAskedAbout(ReadOnlySpan<char> token, ValidatedToken? accepted) =>
        (opaqueIssuer is not null && IsOpaque(token)) || (accepted is not null && IntrospectionOf(accepted) is not null);

    /// <summary>Runs every check but introspection from the first on, remembering nothing, and tells which of them ran.</summary>
    public async ValueTask<TokenExplanation> ExplainAsync(ReadOnlyMemory<char> token, Presentation presented, CancellationToken cancellationToken)
    {
        var candidate = new TokenCandidate(new TokenText(token), audience, issuers, clock.GetUtcNow());
        if (TokenChecks.BeforeKey.FirstFailure(candidate) is { } early)
        {
            return new(TokenValidation.Refused(early.Refusal), [.. TokenChecks.BeforeKey.NamesUpTo(early.Name)], early.Name);
        }

        candidate.Key = await candidate.Issuer!.Server.Keys.FindAsync(candidate.KeyId, candidate.Algorithm!, cancellationToken);
        if (TokenChecks.WithKey.FirstFailure(candidate) is { } late)
        {
            return new(TokenValidation.Refused(late.Refusal, candidate.Present(), outage: candidate.Key.Outage), [.. TokenChecks.BeforeKey.Names, .. TokenChecks.WithKey.NamesUpTo(late.Name)], late.Name);
        }

        const string Constraint = "sender constraint", Revocation = "revocation";
        var accepted = candidate.Accept();
        ImmutableArray<string> passed = [.. TokenChecks.BeforeKey.Names, .. TokenChecks.WithKey.Names], names = [.. passed, Constraint];
        if (SenderRefusal(accepted.Confirmation, accepted, presented, out var failed) is { } unproven)
        {
            return new(Refused(unproven, accepted, failed), failed is null ? passed : [.. names, .. ProofChecks.NamesUpTo(failed)], failed is null ? Constraint : ProofChecks.NameOf(failed));
        }

        names = presented.Proof is null ? names : [.. names, .. ProofChecks.NamesUpTo(null)];
        var validation = UnlessRevoked(accepted);
        return validation.Token is null ? new(validation, names, Revocation) : new(validation, [.. names, Revocation], null);
    }

    /// <summary>Where signatures are verified.</summary>
    internal SignatureThreads Threads { get; init; } = SignatureThreads.Shared;

    /// <summary>How many accepted tokens are remembered.</summary>
    internal int RememberedCount => accepted.Count;

    private async ValueTask<TokenValidation> ProveAsync(ValidatedToken token, Presentation presented)
    {
        await SignatureThreads.Switch();
        return UnlessStolen(token, presented);
    }

    private async ValueTask<TokenValidation> FinishAsync(TokenCandidate candidate, Presentation presented, ValueTask<KeyLookup> lookup, CancellationToken cancellationToken)
    {
        var key = await lookup;
        if (Threads.IsFull)
        {
            return TokenValidation.Refused(TokenRefusal.Overloaded);
        }

        // The signature, and whatever a new token makes necessary after it; not for one who has left meanwhile.
        await Threads.SwitchTo();
        cancellationToken.ThrowIfCancellationRequested();
        return Finish(candidate, presented, key);
    }

    private TokenValidation Finish(TokenCandidate candidate, Presentation presented, KeyLookup key)
    {
        candidate.Key = key;
        if (TokenChecks.WithKey.RefusalOf(candidate) is { } refusal)
        {
            return TokenValidation.Refused(refusal, candidate.Present(), outage: key.Outage);
        }

        var token = candidate.Accept();
        var terms = TokenTerms.Of(token, candidate.Issuer!, key.Generation, latest);
        latest = terms;
        token.Remembered = new RememberedToken(token, terms, keepClaims);
        accepted.Add(token.Remembered);
        return UnlessStolen(token, presented);
    }

    // Not three parts: no JWS. A JWE, five parts, is as opaque as any other text to who has no key for it.
    private static bool IsOpaque(ReadOnlySpan<char> token) => token.Length <= JwsChecks.MaxLength && token.Count('.') != 2;

    private async ValueTask<TokenValidation> IntrospectAsync(TokenText token, Presentation presented, TrustedIssuer issuer, CancellationToken cancellationToken)
    {
        // Longer ones are not opaque.
        var answer = await issuer.Introspection!.AskAsync(token.Characters, token.Digest!.Value, null, cancellationToken);
        if (answer is not IntrospectionAnswer.Active active)
        {
            return TokenValidation.Refused(RefusalOf(answer), outage: OutageOf(answer));
        }

        if (IntrospectedClaims.Refusal(active.Claims, issuer.Server.Settings.Issuer) is { } unlike)
        {
            return TokenValidation.Refused(unlike);
        }

        var candidate = TokenCandidate.Introspected(token, active, audience, issuer, clock.GetUtcNow());
        return TokenChecks.OfClaims.RefusalOf(candidate) is { } refusal
            ? TokenValidation.Refused(refusal, candidate.Present())
            : UnlessStolen(candidate.Accept(), presented, isWholeBinding: true);
    }

    private async ValueTask<TokenValidation> ConfirmAsync(ReadOnlyMemory<char> token, Presentation presented, ValueTask<TokenValidation> local, CancellationToken cancellationToken) =>
        await ConfirmAsync(token, presented, await local, cancellationToken);

    private ValueTask<TokenValidation> ConfirmAsync(ReadOnlyMemory<char> text, Presentation presented, TokenValidation local, CancellationToken cancellationToken)
    {
        if (local.Token is not { } token || IntrospectionOf(token) is not { } introspection)
        {
            return new(local);
        }

        var answer = introspection.AskAsync(text, token.Digest, token.Subject, cancellationToken);
        return answer.IsCompletedSuccessfully ? new(Confirm(local, token, presented, answer.Result)) : ConfirmAsync(local, token, presented, answer);
    }

    private async ValueTask<TokenValidation> ConfirmAsync(TokenValidation local, ValidatedToken token, Presentation presented, ValueTask<IntrospectionAnswer> answer) =>
        Confirm(local, token, presented, await answer);

    private TokenValidation Confirm(TokenValidation local, ValidatedToken token, Presentation presented, IntrospectionAnswer answer)
    {
        if (answer is not IntrospectionAnswer.Active active)
        {
            return Refused(RefusalOf(answer), token, outage: OutageOf(answer));
        }

        var times = IntrospectedClaims.TimesRefusal(active.Claims, clock.GetUtcNow(), token.ClockSkew, out var end);
        var refusal = IntrospectedClaims.Refusal(active.Claims, token.Issuer, token) ?? times;

        // What the issuer says the token is bound to counts as if the token said it. Proven already is what the token names.
        var binding = Confirmation.Both(token.Confirmation, Confirmation.Read(active.Claims));
        if (refusal is null && (token.Confirmation is null || binding != token.Confirmation) && SenderRefusal(binding, token, presented, out var failed) is { } unproven)
        {
            return Refused(unproven, token, failed);
        }

        token.Confirmation = binding;

        // Once more: a logout may have come while the answer was waited for.
        return refusal is { } refused ? Refused(refused, token) : revocations?.RefusalOf(token) is { } fallen ? Refused(fallen, token)
            : token.Told(active.Claims, end) is var told && ReferenceEquals(told, token) ? local : TokenValidation.Accepted(told);
    }

    private TokenIntrospection? IntrospectionOf(ValidatedToken token)
    {
        foreach (var issuer in issuers)
        {
            if (issuer.Server.Settings.Issuer == token.Issuer)
            {
                return issuer.Introspection is { Always: true } asked ? asked : null;
            }
        }

        return null;
    }

    private static TokenRefusal RefusalOf(IntrospectionAnswer answer) =>
        answer is IntrospectionAnswer.Inactive ? TokenRefusal.Inactive : TokenRefusal.IntrospectionUnavailable;

    private static string? OutageOf(IntrospectionAnswer answer) => (answer as IntrospectionAnswer.Unavailable)?.Diagnostic;

    // A token that does not say what it is bound to may be bound all the same, where its issuer is asked: then the answer is
    // waited for.
    private TokenValidation UnlessStolen(ValidatedToken token, Presentation presented, bool isWholeBinding = false) =>
        (isWholeBinding || token.Confirmation is not null || IntrospectionOf(token) is null) && SenderRefusal(token.Confirmation, token, presented, out var failed) is { } unproven
            ? Refused(unproven, token, failed)
            : UnlessRevoked(token);

    private TokenRefusal? SenderRefusal(Confirmation? binding, ValidatedToken token, Presentation presented, out string? failed)
    {
        failed = null;
        return sender is not null ? sender.Refusal(binding, token.Digest, presented, out failed)
            : binding is null && presented.Proof is null ? null
            : TokenRefusal.SenderConstrained;
    }

    private TokenValidation UnlessRevoked(ValidatedToken token) =>
        revocations?.RefusalOf(token) is { } fallen ? Refused(fallen, token) : TokenValidation.Accepted(token);

    private static TokenValidation Refused(TokenRefusal refusal, ValidatedToken token, string? failed = null, string? outage = null) =>
        TokenValidation.Refused(refusal, new(token.Issuer, token.Subject, token.ClientId, token.TokenId, token.Audiences, token.Actors), failed, outage);

    // Everything a check found still holds, save what time and the issuer's keys may have changed.
    private RememberedToken? Remembered(TokenDigest digest)
    {
        if (accepted.Find(digest) is not { } entry)
        {
            return null;
        }

        var terms = entry.Terms;
        if (clock.GetUtcNow() - entry.ExpiresAt < terms.Issuer.ClockSkew && terms.Issuer.Server.Keys.IsCurrent(terms.Generation))
        {
            return entry;
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

    /// <summary>The check that the token's proof failed, as one word; null where no proof was refused.</summary>
    public string? FailedProofCheck { get; private init; }

    /// <summary>
    /// In which way the issuer's keys or its word on the token were not to be had: a word of <see cref="OutageCause"/> or
    /// <see cref="IssuerProblem"/>, a registered code or a fixed text; null where nothing was missed, or nobody knows.
    /// </summary>
    public string? Outage { get; private init; }

    internal static TokenValidation Accepted(ValidatedToken token) => new() { Token = token };

    internal static TokenValidation Refused(TokenRefusal refusal, PresentedToken? presented = null, string? failed = null, string? outage = null) =>
        new() { Refusal = refusal, Presented = presented, FailedProofCheck = failed, Outage = outage };
}

/// <summary>A validation, and which checks it is made of.</summary>
/// <param name="Validation">The outcome.</param>
/// <param name="Passed">The names of the checks that ran and were passed, in their order.</param>
/// <param name="Failed">The name of the check that refused; null when none did.</param>
public sealed record TokenExplanation(TokenValidation Validation, ImmutableArray<string> Passed, string? Failed);

/// <summary>The identity of a refused token whose signature was verified: for the audit, never for a decision.</summary>
public sealed record PresentedToken(string Issuer, string? Subject, string? ClientId, string? TokenId, ImmutableArray<string> Audiences, ImmutableArray<string> Actors)
{
    /// <summary>Names nobody.</summary>
    public override string ToString() => $"token of {Issuer}";
}
