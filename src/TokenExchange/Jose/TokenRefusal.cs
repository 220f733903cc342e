namespace TokenExchange.Jose;

/// <summary>Why an inbound token is not acceptable, in the order in which the checks run.</summary>
public enum TokenRefusal
{
    /// <summary>Longer than 16 KiB.</summary>
    TooLarge,

    /// <summary>Not three base64url parts whose first two are JSON objects.</summary>
    Malformed,

    /// <summary>An encrypted token (five parts).</summary>
    JweNotAllowed,

    /// <summary>base64url with padding, white space, foreign characters or spare bits that are not zero.</summary>
    NoncanonicalEncoding,

    /// <summary>An object, at any depth, with two members of one name.</summary>
    DuplicateMember,

    /// <summary>A header member that brings its own key: <c>jwk</c>, <c>jku</c>, <c>x5u</c>, <c>x5c</c>.</summary>
    HeaderForbidden,

    /// <summary>A critical extension; none is understood.</summary>
    CritUnsupported,

    /// <summary>An algorithm that is not configured for the issuer.</summary>
    AlgNotAllowed,

    /// <summary>Another type of token than an access token.</summary>
    TypNotAllowed,

    /// <summary>An issuer that this server does not trust.</summary>
    IssuerUnknown,

    /// <summary>No key of the issuer has this id, or the token names none.</summary>
    KidUnknown,

    /// <summary>The key is not meant for verifying signatures of this algorithm, or is too weak.</summary>
    KeyNotForSigning,

    /// <summary>The signature does not verify.</summary>
    SignatureInvalid,

    /// <summary>A claim that is missing or of a wrong type.</summary>
    ClaimTypeInvalid,

    /// <summary>At or after <c>exp</c>.</summary>
    Expired,

    /// <summary>Before <c>nbf</c> or <c>iat</c>.</summary>
    NotYetValid,

    /// <summary>Valid for longer than any token of the issuer may be.</summary>
    LifetimeExcessive,

    /// <summary>No usable subject.</summary>
    SubjectInvalid,

    /// <summary>Not minted for this server.</summary>
    AudienceInvalid,

    /// <summary>Minted for this server and for others as well.</summary>
    AudienceNotSingle,

    /// <summary>Bound (<c>cnf</c>) to something that was not proven, or bound to nothing where it has to be.</summary>
    SenderConstrained,

    /// <summary>Its DPoP proof is missing, or is not for this request, this token and this key.</summary>
    InvalidDPoPProof,

    /// <summary>Its DPoP proof lacks a nonce that is ours and fresh.</summary>
    UseDPoPNonce,

    /// <summary>Revoked by a logout.</summary>
    Revoked,

    /// <summary>The authorization server says that it is not active.</summary>
    Inactive,

    /// <summary>What others have revoked is not known now; not the token's fault.</summary>
    StateUnavailable,

    /// <summary>The issuer's keys could not be fetched; not the token's fault.</summary>
    KeysUnavailable,

    /// <summary>The authorization server could not be asked whether the token is active; not the token's fault.</summary>
    IntrospectionUnavailable,

    /// <summary>Too many other tokens wait to be verified; not the token's fault.</summary>
    Overloaded,
}
