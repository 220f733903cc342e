using TokenExchange.Inbound.Proof;

namespace TokenExchange.Inbound.Revocation;

/// <summary>A logout that an issuer announced: of a session, of a subject, or of one session of a subject.</summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.4.</remarks>
/// <param name="Subject">The subject (<c>sub</c>); null when the logout names none.</param>
/// <param name="Session">The session (<c>sid</c>); null when the logout means all sessions of the subject.</param>
/// <param name="IssuedAt">When the logout was announced (<c>iat</c>).</param>
public sealed record LogoutToken(string? Subject, string? Session, DateTimeOffset IssuedAt)
{
    /// <summary>Names neither subject nor session.</summary>
    public override string ToString() => $"logout of {IssuedAt:O}";
}

/// <summary>The outcome of checking a logout token: the logout, or the name of the first check that failed.</summary>
/// <param name="Logout">The logout, when every check passed.</param>
/// <param name="Refusal">The name of the failed check, fixed text for a log; null when every check passed.</param>
public sealed record LogoutValidation(LogoutToken? Logout, string? Refusal)
{
    /// <summary>The token's id, to be taken by whoever acts on the logout: it is good once.</summary>
    public UsedId Once { get; init; }
}
