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
        if (inactive.Subject is { } subject)
        {
            cache.ForgetSubject(inactive.Issuer, subject);
        }

        streams.End(token => token.Issuer == inactive.Issuer && token.Digest == inactive.Token);
        log.TokenInactive(authorizationServer);

        // Of a token that nobody has seen active anywhere there is nothing to end, and anybody can make such up.
        if (inactive.Subject is not null && maxAge > TimeSpan.Zero)
        {
            var revocation = Revocation.Of(
                revoker.Revocations.Keys, RevocationSelector.Token, inactive.Issuer, inactive.Token.ToString(), clock.GetUtcNow(), maxAge, RevocationSource.Introspection, anyTime: true);
            _ = revoker.RevokeAsync([revocation]).AsTask();
        }
    }
}
