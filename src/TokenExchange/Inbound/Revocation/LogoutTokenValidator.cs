using System.Collections.Immutable;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// Decides whether a logout token was issued by one authorization server for this gateway, by rules of its own: what
/// passes here is no access token, and no access token passes here. Each token is good once, which whoever acts on it sees to.
/// </summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.6.</remarks>
/// <param name="server">The issuer's keys.</param>
/// <param name="clientIds">The client identifiers that the gateway has there; one of them must be in <c>aud</c>.</param>
/// <param name="algorithms">The signature algorithms accepted.</param>
/// <param name="clockSkew">How far the issuer's clock may be off.</param>
/// <param name="clock">The time.</param>
public sealed class LogoutTokenValidator(
    AuthorizationServer server,
    ImmutableArray<string> clientIds,
    ImmutableArray<string> algorithms,
    TimeSpan clockSkew,
    TimeProvider clock)
{
    /// <summary>The purpose under which the ids of logout tokens are taken.</summary>
    public const string Purpose = "logout";

    /// <summary>The server that the validator was made for.</summary>
    public AuthorizationServer Server => server;

    /// <summary>Runs every check. An outage of the issuer is a refusal too; only cancellation throws.</summary>
    public async ValueTask<LogoutValidation> ValidateAsync(ReadOnlyMemory<char> token, CancellationToken cancellationToken)
    {
        var candidate = new LogoutCandidate(token, server.Settings.Issuer, clientIds, algorithms, clock.GetUtcNow(), clockSkew);
        if (LogoutChecks.BeforeKey.FirstFailure(candidate) is { } early)
        {
            return new(null, early.Name);
        }

        candidate.Key = await server.Keys.FindAsync(candidate.KeyId, candidate.Algorithm!, cancellationToken);

        // Anybody may post one, on a thread that serves others.
        await SignatureThreads.Switch();
        if (LogoutChecks.WithKey.FirstFailure(candidate) is { } late)
        {
            return new(null, late.Name);
        }

        var id = UsedTokens.DigestOf(server.Settings.Issuer, candidate.TokenId!);
        return new(candidate.Accept(), null) { Once = new UsedId(Purpose, id, id, candidate.StaleAt) };
    }
}
