using TokenExchange.Inbound.Introspection;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;

namespace Gateway.Revoke;

/// <summary>
/// Ends what goes on in the name of a token that its issuer calls inactive: its subject's hop tokens and its own open
/// streams, here, and at all replicas where the state is shared.
/// </summary>
/// <remarks>RFC 7662 §2.2.</remarks>
internal sealed class InactiveTokens(ExchangeCache cache, OpenStreams streams, Revoker revoker, TimeProvider clock, ILogger<InactiveTokens> log)
{
    /// <summary>Carries it out before it returns; others hear of it soon. They take the word for as long as they would remember it themselves.</summary>
    public void Drop(string authorizationServer, InactiveToken inactive, TimeSpan maxAge)
    {
        log.TokenInactive(authorizationServer);

        // Nobody else is told of a token that nobody has seen active anywhere: anybody can make such up.
        if (inactive.Subject is null || maxAge <= TimeSpan.Zero)
        {
            CarryOut();
            return;
        }

        var revocation = Revocation.Of(
            revoker.Revocations.Keys, RevocationSelector.Token, inactive.Issuer, inactive.Token.ToString(), clock.GetUtcNow(), maxAge, RevocationSource.Introspection, anyTime: true);
        _ = RevokeAsync(revocation, CarryOut);

        (int Ended, int Dropped) CarryOut()
        {
            var dropped = inactive.Subject is { } subject ? cache.ForgetSubject(inactive.Issuer, subject) : 0;
            return (streams.End(inactive.Issuer, inactive.Token), dropped);
        }
    }

    // Nobody waits for it: what goes wrong after it is in force here is told in the log alone.
    private async Task RevokeAsync(Revocation revocation, Func<(int Ended, int Dropped)> carryOut)
    {
        try
        {
            await revoker.RevokeAsync(revocation, carryOut);
        }
        catch (Exception exception)
        {
            log.InactiveTokenNotTold(exception);
        }
    }
}

internal static partial class InactiveTokensEvents
{
    [LoggerMessage(1103, LogLevel.Information, "{AuthorizationServer} says that a token is not active any more; what was exchanged for its subject was dropped", EventName = "TokenInactive")]
    public static partial void TokenInactive(this ILogger logger, string authorizationServer);

    [LoggerMessage(1104, LogLevel.Error, "A token that is not active any more is refused here; telling the others of it, or the audit, failed", EventName = "InactiveTokenNotTold")]
    public static partial void InactiveTokenNotTold(this ILogger logger, Exception exception);
}
