using System.Collections.Immutable;
using System.Text.Json;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// An accepted token as it is remembered: without its text, which whoever presents it again brings along, and without its
/// claims unless they are asked for at every use. One small object, since many are alive and every collection moves the new ones.
/// </summary>
internal sealed class RememberedToken(ValidatedToken token, TokenTerms terms, bool withClaims)
{
    private const long Unsaid = long.MinValue;

    private readonly long expiresAt = token.ExpiresAt.UtcTicks;
    private readonly long issuedAt = token.IssuedAt ?? Unsaid;

    // Null for most.
    private readonly Rare? rare = Rare.Of(token, withClaims);
    private long clearAsOf;

    /// <summary>What it has in common with other tokens of its client.</summary>
    public TokenTerms Terms => terms;

    public string Subject { get; } = token.Subject;

    public string? TokenId { get; } = token.TokenId;

    public ImmutableArray<string> Actors => rare is null ? [] : rare.Actors;

    public string? Session { get; } = token.Session;

    public long? IssuedAt => issuedAt == Unsaid ? null : issuedAt;

    public JsonElement Claims => rare?.Claims ?? default;

    /// <summary>Whether it says who may act with it (<c>may_act</c>), or what exactly it is good for (<c>authorization_details</c>).</summary>
    public bool IsRestricted => rare is { IsRestricted: true };

    public TokenDigest Digest { get; } = token.Digest;

    /// <summary>As of which state of the revocations it was found clear.</summary>
    public long ClearAsOf
    {
        get => Volatile.Read(ref clearAsOf);
        set => Volatile.Write(ref clearAsOf, value);
    }

    public DateTimeOffset ExpiresAt => new(expiresAt, TimeSpan.Zero);

    /// <summary>What few tokens have, or few servers ask for.</summary>
    private sealed record Rare(ImmutableArray<string> Actors, JsonElement Claims, bool IsRestricted)
    {
        public override string ToString() => "rare claims";

        public static Rare? Of(ValidatedToken token, bool withClaims)
        {
            var restricted = token.TryGetAuthority(AuthorityClaims.MayAct, out _) || token.TryGetAuthorizationDetails(out _);
            return withClaims || restricted || !token.Actors.IsEmpty ? new Rare(token.Actors, withClaims ? token.Claims : default, restricted) : null;
        }
    }
}

/// <summary>On whose terms tokens were accepted and with which generation of the issuer's keys, and what else tokens of one client share.</summary>
internal sealed record TokenTerms(TrustedIssuer Issuer, int Generation, string? ClientId, ImmutableArray<string> Audiences, ScopeSet Scopes, Confirmation? Confirmation)
{
    /// <summary>The terms of a token: those of the one before it, when they are the same.</summary>
    public static TokenTerms Of(ValidatedToken token, TrustedIssuer issuer, int generation, TokenTerms? before) =>
        before is not null && ReferenceEquals(before.Issuer, issuer) && before.Generation == generation && before.ClientId == token.ClientId
        && before.Audiences.AsSpan().SequenceEqual(token.Audiences.AsSpan()) && before.Scopes.Equals(token.Scopes)
        && before.Confirmation == token.Confirmation
            ? before
            : new TokenTerms(issuer, generation, token.ClientId, token.Audiences, token.Scopes, token.Confirmation);
}
