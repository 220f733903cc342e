namespace TokenExchange.Outbound;

/// <summary>The outcome of an exchange; closed, so that a switch over it can be complete.</summary>
public abstract record ExchangeResult
{
    private ExchangeResult()
    {
    }

    /// <summary>A token that was verified and may be sent to the request's target.</summary>
    public sealed record Issued(OutboundToken Token, ExchangeOrigin Origin) : ExchangeResult;

    /// <summary>
    /// The authorization server, or a rule of the local issuer, said no. <paramref name="Claims"/> is the claims challenge
    /// of <see cref="ExchangeError.InteractionRequired"/>: a re-serialised JSON object of at most 4 KiB. <paramref name="Diagnostic"/>
    /// is for the operator's log: a registered error code or a fixed text, never a text of the authorization server.
    /// </summary>
    public sealed record Refused(ExchangeError Error, string? Claims = null, string? Diagnostic = null) : ExchangeResult
    {
        /// <summary>Whether the gateway itself was refused, whoever it asked for: remembered where it is asked for, and not for one token.</summary>
        internal bool OfClient { get; init; }
    }

    /// <summary>The authorization server answered with a token that is not the one asked for; it was dropped unsent.</summary>
    public sealed record Rejected(ResultRejection Detail) : ExchangeResult;

    /// <summary>No answer in time, or none worth trusting; worth another try after <paramref name="RetryAfter"/> (1 to 30 s).</summary>
    public sealed record Unavailable(TimeSpan RetryAfter) : ExchangeResult
    {
        /// <summary>In which way, in a fixed word (<see cref="Issuers.OutageCause"/>); null when nobody knows.</summary>
        public string? Cause { get; init; }
    }
}

/// <summary>Where an issued token came from.</summary>
public enum ExchangeOrigin
{
    /// <summary>No token was needed or made (modes credential, same-token and none).</summary>
    None,

    /// <summary>Asked for, or minted, for this request.</summary>
    Issued,

    /// <summary>Another request was already asking for the same token.</summary>
    Joined,

    /// <summary>Remembered.</summary>
    Hit,
}

/// <summary>Why an exchange was refused.</summary>
public enum ExchangeError
{
    /// <summary>The subject token is not acceptable there (<c>invalid_grant</c>, or as the profile spells it).</summary>
    SubjectRefused,

    /// <summary>The user must interact first (Entra's <c>interaction_required</c>).</summary>
    InteractionRequired,

    /// <summary>The target or the policy refuses (<c>invalid_target</c>, <c>access_denied</c>, <c>invalid_scope</c>).</summary>
    TargetRefused,

    /// <summary>The gateway itself is refused, was redirected or got an answer that is none.</summary>
    Misconfigured,

    /// <summary>The actor chain is too deep or already holds this server.</summary>
    ActorChainRefused,

    /// <summary>A claim of the subject token forbids it (<c>may_act</c>, <c>authorization_details</c>).</summary>
    ClaimRefused,
}

/// <summary>What was wrong with the token that an authorization server returned.</summary>
public enum ResultRejection
{
    /// <summary>Not a JSON answer of RFC 8693 §2.2.1 with a usable bearer token.</summary>
    Shape,

    /// <summary>The signature does not verify with a key of the expected issuer.</summary>
    Signature,

    /// <summary>Issued by somebody else.</summary>
    Issuer,

    /// <summary>Not meant for the target.</summary>
    Audience,

    /// <summary>Meant for the target and for others as well.</summary>
    AudienceExtra,

    /// <summary>About another subject.</summary>
    Subject,

    /// <summary>Wider than asked for.</summary>
    Scope,

    /// <summary>Expired, not yet valid, or valid for too long.</summary>
    Lifetime,

    /// <summary>Acceptable at the gateway itself, or the subject token echoed back.</summary>
    Boomerang,

    /// <summary>Names another actor than the gateway's, or has lost the inbound ones.</summary>
    Actor,

    /// <summary>Its authorization details are not the inbound token's, or were lost.</summary>
    /// <remarks>RFC 9396.</remarks>
    AuthorizationDetails,

    /// <summary>Bound (<c>cnf</c>) to something that was not asked for, or not bound to the gateway's key where that was.</summary>
    /// <remarks>RFC 7800; RFC 9449 §6.</remarks>
    Confirmation,
}
