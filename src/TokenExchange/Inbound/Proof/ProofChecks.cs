using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>A named check of a proof.</summary>
internal sealed record ProofCheck(string Name, Predicate<ProofCandidate> Passes);

/// <summary>
/// Everything that a proof must pass before the request's body is read, in order; the first failure names the check. What
/// needs the body, and taking the proof's id, comes after it (<see cref="SenderPolicy.RedeemAsync"/>).
/// </summary>
/// <remarks>RFC 9449 §4.3.</remarks>
internal static class ProofChecks
{
    public const int MaxLength = 8 * 1024;

    /// <summary>The check that is refused with a fresh nonce, and not as an invalid proof.</summary>
    public const string Nonce = "nonce";

    /// <summary>The checks of a whole proof that <see cref="SenderPolicy.RedeemAsync"/> makes.</summary>
    public const string ContentDigest = "content_digest", Id = "jti";

    public static readonly ProofCheck[] All =
    [
        new("header", IsOne),
        new("size", proof => proof.Text.Length <= MaxLength),
        new("form", IsJws),
        new("typ", TypeIsProof),
        new("alg", AlgorithmIsAllowed),
        new("jwk", KeyIsPublicAndOfTheAlgorithm),
        new("thumbprint", proof => proof.Thumbprint == proof.BoundTo),
        new("signature", SignatureVerifies),
        new("htm", proof => Jws.StringOf(proof.Payload, "htm") == proof.Proof.Method),
        new("htu", proof => Jws.StringOf(proof.Payload, "htu") is { } uri && HttpUri.Same(uri, proof.Proof.Uri)),
        new("iat", IsOfNow),
        new(Nonce, NonceIsOurs),
        new("ath", IsForTheToken),
    ];

    /// <summary>A check's name among those of its token.</summary>
    public static string NameOf(string check) => "proof: " + check;

    /// <summary>The names of the checks before the one that failed; of all when none did.</summary>
    public static IEnumerable<string> NamesUpTo(string? failed) => All.Select(check => check.Name).TakeWhile(name => name != failed).Select(NameOf);

    // Two headers are two proofs, also where somebody on the way has joined their lines.
    private static bool IsOne(ProofCandidate proof) => !proof.Text.IsEmpty && !proof.Text.Contains(',');

    private static bool IsJws(ProofCandidate proof)
    {
        foreach (var check in JwsChecks.All)
        {
            // The one thing that a proof must do and a token must not: bring its key.
            if (check.Refusal(proof) is { } refusal && refusal != TokenRefusal.HeaderForbidden)
            {
                return false;
            }
        }

        return !proof.Header.TryGetProperty("jku", out _) && !proof.Header.TryGetProperty("x5u", out _) && !proof.Header.TryGetProperty("x5c", out _);
    }

    private static bool TypeIsProof(ProofCandidate proof) =>
        Jws.StringOf(proof.Header, "typ") is { } type && TokenChecks.IsMediaType(type, "dpop+jwt");

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
        catch
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
        return Math.Abs(off) <= (long)proof.Settings.MaxAge.TotalMilliseconds;
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
