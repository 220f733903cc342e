using System.Diagnostics;
using TokenExchange.Jose;
using TokenExchange.Outbound;

namespace Gateway.Advertise;

/// <summary>What a <c>WWW-Authenticate</c> header says with a refusal.</summary>
internal enum ChallengeKind
{
    /// <summary>No header.</summary>
    None,

    /// <summary>Where to get a token, and no error: nothing was presented (RFC 6750 §3.1).</summary>
    Missing,

    /// <summary><c>invalid_request</c>.</summary>
    InvalidRequest,

    /// <summary><c>invalid_token</c>.</summary>
    InvalidToken,

    /// <summary><c>invalid_dpop_proof</c>: an error of the scheme DPoP alone.</summary>
    InvalidDPoPProof,

    /// <summary><c>use_dpop_nonce</c>: an error of the scheme DPoP alone; the nonce stands in a header of its own.</summary>
    UseDPoPNonce,

    /// <summary><c>insufficient_scope</c>, with all scopes that the operation needs.</summary>
    InsufficientScope,

    /// <summary><c>insufficient_authorization</c>, with the authorization details that would be enough.</summary>
    /// <remarks>draft-ietf-oauth-rar-metadata-remediation.</remarks>
    InsufficientAuthorization,

    /// <summary><c>insufficient_claims</c>, with the claims that the authorization server asks for.</summary>
    InsufficientClaims,
}

/// <summary>
/// One way in which the gateway says no: the stable reason, the status, the challenge and a fixed text. No text ever
/// holds a value of a token or of an authorization server.
/// </summary>
internal sealed record Refusal(string Reason, int Status, string Description, ChallengeKind Challenge = ChallengeKind.None, int JsonRpcCode = 0)
{
    private const string Authorization = "authorization";

    public static readonly Refusal NotFound = new("not_found", 404, "Nothing is here.");
    public static readonly Refusal MethodNotAllowed = new("method_not_allowed", 405, "The endpoint does not have this method.");
    public static readonly Refusal OriginNotAllowed = new("origin_not_allowed", 403, "The Origin is not allowed.");

    public static readonly Refusal TokenMissing = new("token_missing", 401, "An access token is required.", ChallengeKind.Missing);
    public static readonly Refusal MultipleCredentials = new("multiple_credentials", 400, "More than one credential was sent.", ChallengeKind.InvalidRequest);
    public static readonly Refusal TokenInQuery = new("token_in_query", 400, "An access token belongs into the Authorization header, not into the query.", ChallengeKind.InvalidRequest);
    public static readonly Refusal CredentialsMalformed = new("credentials_malformed", 400, "The Authorization header is not 'Bearer' or 'DPoP' and one token.", ChallengeKind.InvalidRequest);

    public static readonly Refusal ClientNotAllowed = new("client_not_allowed", 403, "This client is not admitted at this server.") { Remedy = _ => "Its client is not in the server's AllowedClients." };
    public static readonly Refusal ClaimRefused = new("claim_refused", 403, "The token's claims are not admitted at this server.");

    public static readonly Refusal Overloaded = new("overloaded", 503, "Too much is held for requests at this moment.");

    /// <summary>When to come back where too many bytes of bodies are held: until their requests have been sent on and answered.</summary>
    public static readonly TimeSpan BodiesComeBack = TimeSpan.FromSeconds(2);

    /// <summary><see cref="Overloaded"/>, with when to come back.</summary>
    public static readonly Refused OverloadedByBodies = new(Overloaded, "bodies", RetryAfter: BodiesComeBack);

    /// <summary>When to come back where nobody says when: what cannot be had now may be had again by then.</summary>
    public static readonly TimeSpan ComeBack = TimeSpan.FromSeconds(5);

    public static readonly Refusal BodyTooLarge = new("body_too_large", 413, "The request body is too large.");
    public static readonly Refusal BodyTooSlow = new("body_invalid", 408, "The request body did not arrive in time.");
    public static readonly Refusal BodyFraming = new("body_invalid", 400, "The request body is framed in more than one way.", JsonRpcCode: -32600);
    public static readonly Refusal BodyMediaType = new("body_invalid", 415, "The request body must be JSON in UTF-8 without a content encoding.");
    public static readonly Refusal HeaderMismatch = new("header_mismatch", 400, "The MCP headers and the body disagree.", JsonRpcCode: -32020);

    public static readonly Refusal BodyNotApprovable = new("body_invalid", 400, "The parameters of a call that needs an approval are over 4 KiB, or hold two members of one name or a number that cannot be compared.", JsonRpcCode: -32600);
    public static readonly Refusal CallBindingMissing = new("call_binding_missing", 401, "The access token is not bound to a call.", ChallengeKind.InvalidToken);
    public static readonly Refusal CallBindingMismatch = new("call_binding_mismatch", 401, "The access token is bound to another call.", ChallengeKind.InvalidToken);
    public static readonly Refusal TokenReplayed = new("token_replayed", 401, "The access token was used before.", ChallengeKind.InvalidToken);
    public static readonly Refusal ApprovalRequired = new("approval_required", 403, "The user must approve this call at the authorization server.", ChallengeKind.InsufficientAuthorization, JsonRpcCode: -32001);

    public static readonly Refusal OperationDenied = new("operation_denied", 403, "This operation is not available here.");
    public static readonly Refusal PolicyDenied = new("policy_denied", 403, "The policy does not allow this operation.", JsonRpcCode: -32001);
    public static readonly Refusal PolicyUnavailable = new("policy_unavailable", 503, "Nobody can say now whether the policy allows this operation.", JsonRpcCode: -32603);
    public static readonly Refusal InsufficientScope = new("insufficient_scope", 403, "The token lacks a scope that the operation needs.", ChallengeKind.InsufficientScope);
    public static readonly Refusal SessionNotYours = new("session_not_yours", 404, "There is no such session.");

    public static readonly Refusal ExchangeSubjectRefused = new("exchange_subject_refused", 401, "The authorization server does not accept the token any more, or it was revoked meanwhile.", ChallengeKind.InvalidToken);

    /// <summary>The same where nobody is asked: the token is accepted for the clocks' sake, and nothing may be minted that outlives it.</summary>
    public static readonly Refusal SubjectOver = new("exchange_subject_refused", 401, "The access token is over, and no other can be made of it.", ChallengeKind.InvalidToken);
    public static readonly Refusal InteractionRequired = new("interaction_required", 401, "The authorization server wants the user.", ChallengeKind.InsufficientClaims);
    public static readonly Refusal ExchangeTargetRefused = new("exchange_target_refused", 403, "The authorization server does not issue a token for this server.");
    public static readonly Refusal ExchangeMisconfigured = new("exchange_misconfigured", 502, "The gateway could not obtain a token for this server.");
    public static readonly Refusal ActorChainRefused = new("actor_chain_refused", 403, "The chain of actors is too long or comes back to this server.");
    public static readonly Refusal ExchangeResultRejected = new("exchange_result_rejected", 502, "The token obtained for this server was not the one asked for.");
    public static readonly Refusal ExchangeUnavailable = new("exchange_unavailable", 503, "No token for this server can be obtained now.");
    public static readonly Refusal StateUnavailable = new("state_unavailable", 503, "What the replicas share cannot be had now.");
    public static readonly Refusal IntrospectionUnavailable = new("introspection_unavailable", 503, "The token cannot be checked now.");

    public static readonly Refusal McpServerRefusedToken = new("upstream_refused_token", 502, "The MCP server refused the gateway's token.");
    public static readonly Refusal McpServerInsufficientScope = new("upstream_insufficient_scope", 403, "The MCP server asks for a further scope.", ChallengeKind.InsufficientScope);
    public static readonly Refusal McpServerRedirected = new("upstream_redirected", 502, "The MCP server answered with a redirect.");
    public static readonly Refusal McpServerUnavailable = new("upstream_unavailable", 502, "The MCP server cannot be reached.");
    public static readonly Refusal EndpointOutside = new("upstream_unavailable", 502, "The MCP server announced an endpoint outside its destination.", JsonRpcCode: -32603);
    public static readonly Refusal McpServerTimeout = new("upstream_timeout", 504, "The MCP server did not answer in time.");

    /// <summary>A fault of the gateway itself; whether the MCP server was sent the request by then, the audit says.</summary>
    public static readonly Refusal InternalError = new("internal_error", 500, "The gateway failed.");

    /// <summary>The refusal of a proof, whether found before the body was read or after.</summary>
    public static readonly Refusal InvalidDPoPProof = new("invalid_dpop_proof", 401, "The DPoP proof is missing, used, or not for this request and token.", ChallengeKind.InvalidDPoPProof);

    /// <summary>The client did not wait; nothing is written, and the record says so.</summary>
    public static readonly Refusal ClientClosed = new("client_closed", StatusCodes.Status499ClientClosedRequest, "The client is gone.");

    private static readonly Refusal[] Tokens = [.. Enum.GetValues<TokenRefusal>().Select(Token)];

    /// <summary>The <c>error</c> member of the body: the challenge's error, else the reason.</summary>
    public string Error => Challenge switch
    {
        ChallengeKind.InvalidRequest => "invalid_request",
        ChallengeKind.InvalidToken => "invalid_token",
        ChallengeKind.InvalidDPoPProof => "invalid_dpop_proof",
        ChallengeKind.UseDPoPNonce => "use_dpop_nonce",
        ChallengeKind.InsufficientScope => "insufficient_scope",
        ChallengeKind.InsufficientClaims => "insufficient_claims",
        ChallengeKind.InsufficientAuthorization => "insufficient_authorization",
        _ => Reason,
    };

    /// <summary>Whom the operator turns to: what may be done, who asks, the request itself, or what the gateway depends on.</summary>
    public string Category { get; init; } = (Status, Challenge) switch
    {
        (403, _) => Authorization,
        ( >= 500, _) => "dependency",
        (401, _) or (_, ChallengeKind.InvalidRequest) => "authentication",
        _ => "request",
    };

    /// <summary>What would be right at a server; for the operator, and never for a client.</summary>
    public Func<Accepted, string> Remedy { get; init; } = _ => $"See docs/troubleshooting.md#{Reason}.";

    /// <summary><see cref="Overloaded"/>, with when to come back: no more of these can be remembered now.</summary>
    public static Refused OverloadedBy(string what) => new(Overloaded, what, RetryAfter: ComeBack);

    /// <summary><see cref="StateUnavailable"/>, with when to come back: of these, nobody can say now what the replicas know.</summary>
    public static Refused StateUnavailableOf(string what) => new(StateUnavailable, what, RetryAfter: ComeBack);

    /// <summary>The refusal of an inbound token.</summary>
    public static Refusal Of(TokenRefusal refusal) => Tokens[(int)refusal];

    /// <summary>The same with its cause, for the operator, and with when to come back where nothing is wrong with the token.</summary>
    public static Refused WithCause(TokenRefusal refusal, string? cause) =>
        refusal == TokenRefusal.StateUnavailable ? StateUnavailableOf("revocations")
        : refusal == TokenRefusal.Overloaded ? OverloadedBy("signatures")
        : new(Of(refusal), cause, RetryAfter: Of(refusal).Status == StatusCodes.Status503ServiceUnavailable ? ComeBack : null);

    /// <summary>The refusal that an exchange, or the look at a token before it, ended with.</summary>
    /// <param name="error">Why.</param>
    /// <param name="asked">Whether an authorization server was asked, and it is its word.</param>
    public static Refusal Of(ExchangeError error, bool asked) => error switch
    {
        ExchangeError.SubjectRefused => asked ? ExchangeSubjectRefused : SubjectOver,
        ExchangeError.InteractionRequired => InteractionRequired,
        ExchangeError.TargetRefused => ExchangeTargetRefused,
        ExchangeError.Misconfigured => ExchangeMisconfigured,
        ExchangeError.ActorChainRefused => ActorChainRefused,
        ExchangeError.ClaimRefused => ClaimRefused,
        _ => throw new UnreachableException(),
    };

    private static Refusal Token(TokenRefusal refusal) => TokenRemedies.Of(refusal) is { } remedy ? Kind(refusal) with { Remedy = remedy } : Kind(refusal);

    private static Refusal Kind(TokenRefusal refusal) => refusal switch
    {
        TokenRefusal.KeysUnavailable => new("keys_unavailable", 503, "The issuer's keys cannot be had now."),
        TokenRefusal.StateUnavailable => StateUnavailable,
        TokenRefusal.IntrospectionUnavailable => IntrospectionUnavailable,
        TokenRefusal.Overloaded => Overloaded,
        TokenRefusal.InvalidDPoPProof => InvalidDPoPProof,
        TokenRefusal.UseDPoPNonce => new("use_dpop_nonce", 401, "The DPoP proof lacks a fresh nonce of this server.", ChallengeKind.UseDPoPNonce),
        TokenRefusal.AudienceInvalid or TokenRefusal.AudienceNotSingle => Unacceptable(refusal) with { Category = Authorization },
        _ => Unacceptable(refusal),
    };

    private static Refusal Unacceptable(TokenRefusal refusal) => new(refusal.ToReason(), 401, "The access token is not acceptable here.", ChallengeKind.InvalidToken);
}
