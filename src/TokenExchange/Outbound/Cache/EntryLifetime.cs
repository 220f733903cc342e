using System.Security.Cryptography;

namespace TokenExchange.Outbound.Cache;

/// <summary>How long an outcome is remembered.</summary>
internal static class EntryLifetime
{
    private static readonly TimeSpan LeastMargin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostMargin = TimeSpan.FromSeconds(30);

    /// <summary>No refusal is remembered for longer.</summary>
    public static readonly TimeSpan LongestRefusal = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Until when a token is served: the first of its own end, the inbound token's and the greatest age, less a tenth of
    /// that time (1 to 30 s), so that it is still good when it arrives. At or before <paramref name="now"/>: never again.
    /// </summary>
    public static DateTimeOffset OfToken(DateTimeOffset now, DateTimeOffset tokenEnd, DateTimeOffset subjectEnd, TimeSpan maxAge)
    {
        var life = tokenEnd - now;
        life = subjectEnd - now < life ? subjectEnd - now : life;
        life = maxAge < life ? maxAge : life;
        var margin = life / 10;
        margin = margin < LeastMargin ? LeastMargin : margin > MostMargin ? MostMargin : margin;
        return now + life - margin;
    }

    /// <summary>
    /// When the background refresh of an entry in use begins: with 20 to 30 % of its time left, by chance, so that
    /// entries made together are not refreshed together.
    /// </summary>
    public static DateTimeOffset RefreshFrom(DateTimeOffset now, DateTimeOffset servedUntil) =>
        servedUntil - ((servedUntil - now) * (RandomNumberGenerator.GetInt32(200, 301) / 1000.0));

    /// <summary>A refusal is remembered for 5 to 10 s, by chance, so that what was refused together does not return together.</summary>
    public static DateTimeOffset OfRefusal(DateTimeOffset now) =>
        now + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(5_000, 10_001));

    /// <summary>
    /// Outages are never remembered for a key (a breaker per authorization server minds them), and the refusal of a client
    /// is remembered for that client, where it is asked for: it says nothing about this key.
    /// </summary>
    public static bool IsRemembered(ExchangeResult refusal) => refusal switch
    {
        ExchangeResult.Refused { OfClient: true } => false,
        ExchangeResult.Refused or ExchangeResult.Rejected => true,
        _ => false,
    };

    /// <summary>
    /// Whether the outcome of a background refresh ends an entry that is still good. A definite no does: what is being
    /// served was taken back. A failure that says nothing about the subject or the target does not.
    /// </summary>
    public static bool EndsEntry(ExchangeResult outcome) =>
        outcome is ExchangeResult.Refused { Error: not ExchangeError.Misconfigured };
}
