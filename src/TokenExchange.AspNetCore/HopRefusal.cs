using TokenExchange.AspNetCore.Http;
using TokenExchange.Jose;

namespace TokenExchange.AspNetCore;

/// <summary>One way in which a request is refused: the stable reason, the status, the error of the challenge and a fixed text.</summary>
/// <param name="Reason">The reason, for logs and the body.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Error">The error of the challenge; null: nothing was presented, or it is nobody's credential that is wrong.</param>
/// <param name="Description">A fixed text, which never holds a value of the token.</param>
internal sealed record HopRefusal(string Reason, int Status, string? Error, string Description)
{
    private const string InvalidRequest = "invalid_request", InvalidToken = "invalid_token";

    public static readonly HopRefusal TokenMissing = new("token_missing", 401, null, "An access token is required.");
    public static readonly HopRefusal MultipleCredentials = new("multiple_credentials", 400, InvalidRequest, "More than one credential was sent.");
    public static readonly HopRefusal TokenInQuery = new("token_in_query", 400, InvalidRequest, "An access token belongs into the Authorization header, not into the query.");
    public static readonly HopRefusal CredentialsMalformed = new("credentials_malformed", 400, InvalidRequest, "The Authorization header is not 'Bearer' or 'DPoP' and one token.");
    public static readonly HopRefusal InsufficientScope = new("insufficient_scope", 403, "insufficient_scope", "The token lacks a scope that this server needs.");
    public static readonly HopRefusal Forbidden = new("forbidden", 403, null, "The token is not enough for this.");
    public static readonly HopRefusal BodyTooLarge = new("body_too_large", 413, null, "The request body is too large.");
    public static readonly HopRefusal CallBindingMissing = new("call_binding_missing", 401, InvalidToken, "The access token is not bound to a call.");
    public static readonly HopRefusal CallBindingMismatch = new("call_binding_mismatch", 401, InvalidToken, "The access token is bound to another call.");
    public static readonly HopRefusal TokenReplayed = new("token_replayed", 401, InvalidToken, "The access token was used before.");
    public static readonly HopRefusal InvalidProof = new("invalid_dpop_proof", 401, "invalid_dpop_proof", "The DPoP proof is missing, used, or not for this request and token.");
    public static readonly HopRefusal Overloaded = new("overloaded", 503, null, "Too many used ids are remembered at this moment.");
    public static readonly HopRefusal StateUnavailable = new("state_unavailable", 503, null, "Whether this was used before cannot be found out now.");
    public static readonly HopRefusal KeysUnavailable = new("keys_unavailable", 503, null, "The issuer's keys cannot be had now.");

    public static HopRefusal Of(CredentialFault fault) => fault switch
    {
        CredentialFault.Missing => TokenMissing,
        CredentialFault.Several => MultipleCredentials,
        CredentialFault.InQuery => TokenInQuery,
        _ => CredentialsMalformed,
    };

    public static HopRefusal Of(TokenRefusal refusal) => refusal switch
    {
        TokenRefusal.KeysUnavailable => KeysUnavailable,
        TokenRefusal.Overloaded => Overloaded with { Description = "Too many tokens wait to be verified." },
        TokenRefusal.InvalidDPoPProof => InvalidProof,
        _ => new(refusal.ToReason(), 401, InvalidToken, "The access token is not acceptable here."),
    };
}
