using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// Decides whether a token comes from whom it was issued to: what it is bound to must be proven on this very request. One
/// policy per server; what proofs it has taken is remembered, and nothing else about them.
/// </summary>
/// <remarks>RFC 9449 §4.3, §7; RFC 8705 §3; RFC 7800 §3.</remarks>
public sealed class SenderPolicy
{
    /// <summary>The purpose under which the ids of proofs are taken.</summary>
    public const string Purpose = "dpop";

    private readonly ProofKeys keys;
    private readonly IUsedIds used;
    private readonly ProofNonces? nonces;
    private readonly TimeProvider clock;
    private readonly ProofAges ages;

    /// <summary>A policy. Throws when nonces are required and there is nothing to make them with.</summary>
    /// <param name="settings">What is asked of proofs.</param>
    /// <param name="required">Whether a token that is bound to nothing is refused.</param>
    /// <param name="used">Remembers which proofs were used.</param>
    /// <param name="nonces">Makes and knows nonces; null where none is required.</param>
    /// <param name="clock">The time.</param>
    /// <param name="ages">How old proofs may be, for all policies that one server has one after the other; null: it has no other.</param>
    public SenderPolicy(DPoPSettings settings, bool required, IUsedIds used, ProofNonces? nonces, TimeProvider clock, ProofAges? ages = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(used);
        ArgumentNullException.ThrowIfNull(clock);
        if (settings.NonceRequired)
        {
            ArgumentNullException.ThrowIfNull(nonces);
        }

        (Settings, Required, this.used, this.nonces, this.clock) = (settings, required, used, nonces, clock);
        keys = new ProofKeys(clock);
        this.ages = ages ?? new ProofAges(settings.MaxAge, clock);
    }

    /// <summary>What is asked of proofs.</summary>
    public DPoPSettings Settings { get; }

    /// <summary>Whether a token that is bound to nothing is refused.</summary>
    public bool Required { get; }

    /// <summary>
    /// Holds the body against a proof that the token's validation has passed, and takes the proof's id, so that it is good
    /// for this request and no other. The proof is not good before this says so.
    /// </summary>
    /// <param name="proof">The proof, checked.</param>
    /// <param name="token">The token that it came with: the memory of used proofs is shared by subjects, not by keys, of which a subject has as many as it likes and a client with many users one.</param>
    /// <param name="body">The bytes of the body; none and no body are the same.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<Redemption> RedeemAsync(DPoPProof proof, ValidatedToken token, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proof);
        ArgumentNullException.ThrowIfNull(token);
        if (proof.Thumbprint is not { } thumbprint)
        {
            throw new InvalidOperationException("A proof that was not checked cannot be redeemed.");
        }

        if (!BodyIsTheProofs(proof, body.Span))
        {
            return new Redemption(RedemptionOutcome.Invalid, ProofChecks.ContentDigest);
        }

        const int LongestId = 256;
        if (Jws.StringOf(proof.Claims, "jti") is not { Length: > 0 } id || !Characters.AreAtMost(LongestId, id))
        {
            return new Redemption(RedemptionOutcome.Invalid, ProofChecks.Id);
        }

        var issued = DateTimeOffset.FromUnixTimeSeconds(proof.IssuedAt);

        // A thumbprint is always of the same length, so that no two pairs are written alike.
        var take = UsedId.Of(Purpose, token, TokenDigest.Of(thumbprint + id), issued + ages.LongestOf(issued, Settings.MaxAge));
        return await used.TryTakeAsync(take, cancellationToken) switch
        {
            IdUse.Taken => new Redemption(RedemptionOutcome.Redeemed),
            IdUse.Seen => new Redemption(RedemptionOutcome.Invalid, ProofChecks.Id),
            IdUse.Full => new Redemption(RedemptionOutcome.Full),
            _ => new Redemption(RedemptionOutcome.Unavailable),
        };
    }

    /// <summary>Null when everything that the token is bound to was proven; the check of a refused proof goes into <paramref name="failed"/>.</summary>
    internal TokenRefusal? Refusal(Confirmation? confirmation, TokenDigest token, Presentation presented, out string? failed)
    {
        failed = null;
        if (confirmation is null)
        {
            return presented.Proof is null && !Required ? null : TokenRefusal.SenderConstrained;
        }

        if (!confirmation.IsProvable || confirmation.KeyThumbprint is null != presented.Proof is null ||
            (confirmation.CertificateThumbprint is { } bound && presented.Certificate?.Invoke() != bound))
        {
            return TokenRefusal.SenderConstrained;
        }

        var failure = presented.Proof is { } proof ? FirstFailure(proof, confirmation.KeyThumbprint!, token) : null;
        failed = failure?.Name;
        return failure?.Refusal;
    }

    private FailedCheck<TokenRefusal>? FirstFailure(DPoPProof proof, string boundTo, TokenDigest token)
    {
        var candidate = new ProofCandidate(proof, boundTo, token, Settings, ages, keys, nonces, clock.GetUtcNow());
        var failure = ProofChecks.All.FirstFailure(candidate);
        if (failure is null)
        {
            proof.Verified(candidate.Thumbprint!, candidate.Payload, candidate.IssuedAt);
        }

        return failure;
    }

    private bool BodyIsTheProofs(DPoPProof proof, ReadOnlySpan<byte> body) =>
        proof.Claims.TryGetProperty(ProofChecks.ContentDigest, out _)
            ? Jws.StringOf(proof.Claims, ProofChecks.ContentDigest) is { } digest && ContentDigest.Matches(digest, body)
            : body.IsEmpty || !Settings.ContentDigestRequired;
}

/// <summary>What came of redeeming a proof.</summary>
public enum RedemptionOutcome
{
    /// <summary>The proof is good for this request, and for no other any more.</summary>
    Redeemed,

    /// <summary>The proof is not for this body, or was used before.</summary>
    Invalid,

    /// <summary>No more proofs can be remembered now.</summary>
    Full,

    /// <summary>Whether the proof was used before cannot be found out now.</summary>
    Unavailable,
}

/// <summary>What came of redeeming a proof, and which check it failed.</summary>
public readonly record struct Redemption(RedemptionOutcome Outcome, string? Failed = null);
