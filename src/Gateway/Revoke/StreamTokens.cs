using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;

namespace Gateway.Revoke;

/// <summary>
/// The tokens that a stream goes on by, as far as a revocation asks for them: each that has not run out, and of each login
/// the one that was issued first, which a logout that means any of its tokens means, too. Not for two threads at a time.
/// </summary>
/// <remarks>
/// Every post may bring another token of another login, so that each kind is bounded. Beyond the bound, what ends first
/// gives way. No revocation loses anything by that: the stream lasts no longer than what stays, so that what gave way grants it
/// no moment; and whoever reads it does so by the token that opened it, which its lease is held against for good.
/// </remarks>
internal sealed class StreamTokens
{
    /// <summary>The most tokens, and the most logins.</summary>
    public const int Most = 64;

    private readonly Dictionary<TokenDigest, Kept> live = [];
    private readonly Dictionary<Login, Kept> logins = [];

    /// <summary>All that a revocation is held against.</summary>
    public TokenTrace[] All => [.. live.Values.Concat(logins.Values).Select(kept => kept.Token)];

    /// <summary>Whether it goes on by this token.</summary>
    public bool Has(TokenDigest token) => live.ContainsKey(token);

    /// <summary>Goes on by this token, too.</summary>
    public void Add(TokenTrace token, DateTimeOffset now)
    {
        if (live.ContainsKey(token.Digest))
        {
            return;
        }

        foreach (var (digest, known) in live)
        {
            if (known.Until <= now)
            {
                live.Remove(digest);
            }
        }

        var kept = new Kept(token, token.AcceptedUntil);
        Keep(live, token.Digest, kept);
        var login = new Login(token.Session);
        Keep(logins, login, logins.TryGetValue(login, out var before) ? before.And(kept) : kept);
    }

    private static void Keep<TKey>(Dictionary<TKey, Kept> all, TKey key, Kept kept) where TKey : notnull
    {
        if (all.Count == Most && !all.ContainsKey(key))
        {
            var first = all.MinBy(pair => pair.Value.Until);
            if (kept.Until <= first.Value.Until)
            {
                return;
            }

            all.Remove(first.Key);
        }

        all[key] = kept;
    }

    /// <summary>The tokens of one session at the issuer, or of none.</summary>
    private readonly record struct Login(string? Session);

    /// <summary>A token, and when it ends, or its login's last does.</summary>
    private readonly record struct Kept(TokenTrace Token, DateTimeOffset Until)
    {
        public Kept And(Kept later) => new(
            (later.Token.IssuedAt ?? long.MinValue) < (Token.IssuedAt ?? long.MinValue) ? later.Token : Token, later.Until > Until ? later.Until : Until);
    }
}
