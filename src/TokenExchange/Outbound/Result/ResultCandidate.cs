using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Jose;
using TokenExchange.Outbound.Exchange;

namespace TokenExchange.Outbound.Result;

/// <summary>A returned token on its way through <see cref="ResultChecks"/>, with what was asked for.</summary>
internal sealed class ResultCandidate(TokenResponse response, TokenExchangeRequest request, string issuer, string? actor, DateTimeOffset now, TimeSpan skew) : Jws(response.AccessToken.AsMemory())
{
    public TokenResponse Response => response;

    public TokenExchangeRequest Request => request;

    public OutboundTarget Target => request.Target;

    /// <summary>The issuer that must have signed the result.</summary>
    public string ExpectedIssuer => issuer;

    /// <summary>The subject of the actor token that was sent along; null without one.</summary>
    public string? Actor => actor;

    /// <summary>What the subject token is good for: the bound of everything that a result may be.</summary>
    public ValidatedToken Subject => request.Subject;

    public DateTimeOffset Now => now;

    /// <summary>How far the issuer's clock may be off.</summary>
    public TimeSpan Skew => skew;

    /// <summary>The key that the header names at that issuer; set before the checks that need it.</summary>
    public KeyLookup? Key { get; set; }

    /// <summary>Whether the check "signature" was passed.</summary>
    public bool IsVerified { get; set; }

    /// <summary>Set by the check "claim types".</summary>
    public TokenClaims? Claims { get; set; }

    /// <summary>The scopes of the token: what it says, else what the answer says, else what was asked for (RFC 8693 §2.2.1).</summary>
    public ScopeSet Scopes => Claims is { HasScope: true } claims ? claims.Scopes : response.Scope ?? request.Scopes;
}
