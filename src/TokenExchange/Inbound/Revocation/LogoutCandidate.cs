using System.Collections.Immutable;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>A logout token on its way through <see cref="LogoutChecks"/>.</summary>
internal sealed class LogoutCandidate(
    ReadOnlyMemory<char> text, string issuer, ImmutableArray<string> clientIds, ImmutableArray<string> algorithms, DateTimeOffset now, TimeSpan skew) : Jws(text)
{
    public string Issuer => issuer;

    public ImmutableArray<string> ClientIds => clientIds;

    public ImmutableArray<string> Algorithms => algorithms;

    public DateTimeOffset Now => now;

    public TimeSpan Skew => skew;

    /// <summary>Set between the checks before and after "key".</summary>
    public KeyLookup? Key { get; set; }

    /// <summary>Set by the check "claim types".</summary>
    public TokenClaims? Claims { get; set; }

    public string? TokenId => Claims?.TokenId;

    public DateTimeOffset IssuedAt => DateTimeOffset.FromUnixTimeSeconds(Claims!.IssuedAt!.Value);

    /// <summary>When the token is refused for its age, whatever else it says.</summary>
    public DateTimeOffset StaleAt => IssuedAt + LogoutChecks.MaxAge + skew;

    public LogoutToken Accept() => new(StringOf(Payload, "sub"), StringOf(Payload, "sid"), IssuedAt);
}
