using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>A proof on its way through <see cref="ProofChecks"/>: what was found out so far, and against what it is checked.</summary>
internal sealed class ProofCandidate(DPoPProof proof, string boundTo, TokenDigest token, DPoPSettings settings, ProofAges ages, ProofKeys keys, ProofNonces? nonces, DateTimeOffset now) : Jws(proof.Text.AsMemory())
{
    public DPoPProof Proof => proof;

    /// <summary>The thumbprint of the key that the token is bound to.</summary>
    public string BoundTo => boundTo;

    /// <summary>The digest of the token that the proof must be for.</summary>
    public TokenDigest Token => token;

    public DPoPSettings Settings => settings;

    public ProofAges Ages => ages;

    public ProofKeys Keys => keys;

    public ProofNonces? Nonces => nonces;

    public DateTimeOffset Now => now;

    /// <summary>Set by the check "jwk"; so are the following two.</summary>
    public string? Thumbprint { get; set; }

    public VerificationKey? Key { get; set; }

    /// <summary>Whether the key was made for this proof, and is worth remembering once the proof is verified.</summary>
    public bool KeyIsNew { get; set; }

    /// <summary>Set by the check "iat".</summary>
    public long IssuedAt { get; set; }
}
