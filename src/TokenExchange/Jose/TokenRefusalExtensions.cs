using System.Diagnostics;

namespace TokenExchange.Jose;

/// <summary>The stable reason codes of refusals, for answers, audit and metrics.</summary>
public static class TokenRefusalExtensions
{
    /// <summary>The reason code of an inbound token's refusal, say <c>audience_invalid</c>.</summary>
    public static string ToReason(this TokenRefusal refusal) => refusal switch
    {
        TokenRefusal.TooLarge => "too_large",
        TokenRefusal.Malformed => "malformed",
        TokenRefusal.JweNotAllowed => "jwe_not_allowed",
        TokenRefusal.NoncanonicalEncoding => "noncanonical_encoding",
        TokenRefusal.DuplicateMember => "duplicate_member",
        TokenRefusal.HeaderForbidden => "header_forbidden",
        TokenRefusal.CritUnsupported => "crit_unsupported",
        TokenRefusal.AlgNotAllowed => "alg_not_allowed",
        TokenRefusal.TypNotAllowed => "typ_not_allowed",
        TokenRefusal.IssuerUnknown => "issuer_unknown",
        TokenRefusal.KidUnknown => "kid_unknown",
        TokenRefusal.KeyNotForSigning => "key_not_for_signing",
        TokenRefusal.SignatureInvalid => "signature_invalid",
        TokenRefusal.ClaimTypeInvalid => "claim_type_invalid",
        TokenRefusal.Expired => "expired",
        TokenRefusal.NotYetValid => "not_yet_valid",
        TokenRefusal.LifetimeExcessive => "lifetime_excessive",
        TokenRefusal.SubjectInvalid => "subject_invalid",
        TokenRefusal.AudienceInvalid => "audience_invalid",
        TokenRefusal.AudienceNotSingle => "audience_not_single",
        TokenRefusal.SenderConstrained => "sender_constrained",
        TokenRefusal.InvalidDPoPProof => "invalid_dpop_proof",
        TokenRefusal.UseDPoPNonce => "use_dpop_nonce",
        TokenRefusal.Revoked => "revoked",
        TokenRefusal.Inactive => "inactive",
        TokenRefusal.StateUnavailable => "state_unavailable",
        TokenRefusal.KeysUnavailable => "keys_unavailable",
        TokenRefusal.IntrospectionUnavailable => "introspection_unavailable",
        TokenRefusal.Overloaded => "overloaded",
        _ => throw new UnreachableException(),
    };
}
