namespace TokenExchange.Inbound.Proof;

/// <summary>How a request presents its token: as a bearer, or with what proves that it comes from whom the token was issued to.</summary>
/// <param name="Proof">The proof beside a token of the scheme DPoP; null for a bearer.</param>
/// <param name="Certificate">
/// The SHA-256 thumbprint, in base64url, of the certificate that the client has proven to hold, or null for none it has;
/// asked only about tokens that are bound to one. Null where there can be no certificate.
/// </param>
/// <remarks>RFC 9449 §7.1; RFC 8705 §3.</remarks>
public readonly record struct Presentation(DPoPProof? Proof = null, Func<string?>? Certificate = null);

/// <summary>How possession was proven of the key that a token is bound to.</summary>
public enum ProofOfPossession
{
    /// <summary>Not at all: the token is bound to nothing.</summary>
    None,

    /// <summary>By a DPoP proof (RFC 9449).</summary>
    DPoP,

    /// <summary>By the client's certificate (RFC 8705).</summary>
    Certificate,
}
