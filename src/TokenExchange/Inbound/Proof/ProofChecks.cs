using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// Everything that a proof must pass before the request's body is read, in order; the first failure names the check. What
/// needs the body, and taking the proof's id, comes after it (<see cref="SenderPolicy.RedeemAsync"/>).
/// </summary>
/// <remarks>RFC 9449 §4.3.</remarks>
internal static class ProofChecks
{
    public const int MaxLength = 8 * 1024;

    /// <summary>The checks of a whole proof that <see cref="SenderPolicy.RedeemAsync"/> makes.</summary>
    public const string ContentDigest = "content_digest", Id = "jti";

    public static readonly Checklist<ProofCandidate, TokenRefusal> All = new(TokenRefusal.InvalidDPoPProof,
    [
        That("header", IsOne),
        That("size", proof => proof.Text.Length <= MaxLength),
        That("form", IsJws),
        That("typ", TypeIsProof),
        That("alg", AlgorithmIsAllowed),
        That("jwk", KeyIsPublicAndOfTheAlgorithm),
        That("thumbprint", proof => proof.Thumbprint == proof.BoundTo),
        That("signature", SignatureVerifies),
        That("htm", proof => Jws.StringOf(proof.Payload, "htm") == proof.Proof.Method),
        That("htu", proof => Jws.StringOf(proof.Payload, "htu") is { } uri && HttpUri.Same(uri, proof.Proof.Uri)),
        That("iat", IsOfNow),
        new("nonce", proof => NonceIsOurs(proof) ? null : TokenRefusal.UseDPoPNonce),
        That("ath", IsForTheToken),
    ]);

    private static readonly Checklist<Jws, TokenRefusal> JwsForm =
        new(TokenRefusal.Malformed, JwsChecks.All.Checks.Select(check => check with { Refusal = proof => check.Refusal(proof) is { } refusal && refusal != TokenRefusal.HeaderForbidden ? refusal : null }));

    /// <summary>A check's name among those of its token.</summary>
    public static string NameOf(string check) => "proof: " + check;

    /// <summary>The names of the checks before the one that failed; of all when none did.</summary>
    public static IEnumerable<string> NamesUpTo(string? failed) => All.NamesUpTo(failed).Select(NameOf);

    private static Check<ProofCandidate, TokenRefusal> That(string name, Predicate<ProofCandidate> passes) => new(name, proof => passes(proof) ? null : TokenRefusal.InvalidDPoPProof);

    // Two headers are two proofs, also where somebody on the way has joined their lines.
    private static bool IsOne(ProofCandidate proof) => !proof.Text.IsEmpty && !proof.Text.Contains(',');

    private static bool IsJws(ProofCandidate proof)
    {
        // The one thing that a proof must do and a token must not: bring its key.
        return JwsForm.Passes(proof) && !proof.Header.TryGetProperty("jku", out _) && !proof.Header.TryGetProperty("x5u", out _) && !proof.Header.TryGetProperty("x5c", out _);
    }

    private static bool TypeIsProof(ProofCandidate proof) =>
        Jws.StringOf(proof.Header, "typ") is { } type && JwtType.Is(type, "dpop+jwt");

    private static bool AlgorithmIsAllowed(ProofCandidate proof) =>
        proof.Algorithm is { } algorithm && SignatureAlgorithms.KeyOf(algorithm) is not null && SignatureAlgorithms.Admit(proof.Settings.Algorithms, algorithm);

    private static bool KeyIsPublicAndOfTheAlgorithm(ProofCandidate proof)
    {
        if (!proof.Header.TryGetProperty("jwk", out var jwk) || jwk.ValueKind != JsonValueKind.Object ||
            !ProofKey.IsPublicKeyFor(jwk, proof.Algorithm!) || Thumbprint.Of(jwk) is not { } thumbprint)
        {
            return false;
        }

        proof.Thumbprint = thumbprint;
        proof.Key = proof.Keys.Find(thumbprint);
        if (proof.Key?.IsFor(proof.Algorithm!) != true)
        {
            proof.Key = VerificationKey.Read(jwk);
            proof.KeyIsNew = true;
        }

        return proof.Key.IsFor(proof.Algorithm!);
    }

    private static bool SignatureVerifies(ProofCandidate proof)
    {
        try
        {
            if (!proof.Key!.Verify(proof.Algorithm!, proof.SigningInput, proof.Signature))
            {
                return false;
            }
        }
        catch (Exception exception) when (UnfitText.IsFault(exception))
        {
            // Whatever the cryptography stumbles over, the signature did not verify.
            return false;
        }

        if (proof.KeyIsNew)
        {
            proof.Keys.Add(proof.Thumbprint!, proof.Key);
        }

        return true;
    }

    private static bool IsOfNow(ProofCandidate proof)
    {
        if (!TokenClaims.TryReadSeconds(proof.Payload, "iat", out var seconds) || seconds is not { } issued)
        {
            return false;
        }

        proof.IssuedAt = issued;
        var off = proof.Now.ToUnixTimeMilliseconds() - (issued * 1000);
        return Math.Abs(off) <= (long)proof.Settings.MaxAge.TotalMilliseconds && off <= proof.Ages.MostOf(DateTimeOffset.FromUnixTimeSeconds(issued)).TotalMilliseconds;
    }

    private static bool NonceIsOurs(ProofCandidate proof)
    {
        if (!proof.Settings.NonceRequired || proof.Nonces is not { } nonces)
        {
            return true;
        }

        var age = Jws.StringOf(proof.Payload, "nonce") is { } nonce ? nonces.AgeOf(nonce) : null;
        var good = age <= proof.Settings.MaxAge;
        if (!good || age >= proof.Settings.MaxAge / 2)
        {
            proof.Proof.FreshNonce = nonces.Create();
        }

        return good;
    }

    private static bool IsForTheToken(ProofCandidate proof)
    {
        var token = proof.Token;
        return Jws.StringOf(proof.Payload, "ath") is { } hash && Jws.TryDecode(hash, out var bytes) && bytes.AsSpan().SequenceEqual(token);
    }
}
