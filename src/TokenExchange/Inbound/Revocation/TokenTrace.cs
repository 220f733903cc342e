using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// What a revocation finds a token by, and nothing else of it: for whoever goes on in a token's name and need not keep the
/// token.
/// </summary>
public sealed class TokenTrace
{
    private readonly TokenFacts facts;
    private TokenNames? names;

    /// <summary>The trace of an accepted token.</summary>
    public TokenTrace(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        facts = TokenFacts.Of(token);
        AcceptedUntil = token.AcceptedUntil;
    }

    /// <summary>The issuer (<c>iss</c>).</summary>
    public string Issuer => facts.Issuer;

    /// <summary>The subject (<c>sub</c>).</summary>
    public string Subject => facts.Subject;

    /// <summary>The session at the issuer (<c>sid</c>); null without one.</summary>
    public string? Session => facts.Session;

    /// <summary>When the token was issued (<c>iat</c>), in seconds since 1970; null when it does not say.</summary>
    public long? IssuedAt => facts.IssuedAt;

    /// <summary>The digest of the token.</summary>
    public TokenDigest Digest => facts.Digest;

    /// <summary>From when on the token is refused.</summary>
    public DateTimeOffset AcceptedUntil { get; }

    internal ref readonly TokenFacts Facts => ref facts;

    /// <summary>What stands for the token in revocations.</summary>
    internal TokenNames NamesUnder(RevocationKeys keys) => names?.Under(keys) ?? (names = new TokenNames(keys, facts));

    /// <summary>Names nobody.</summary>
    public override string ToString() => $"trace of a token accepted until {AcceptedUntil:O}";
}
