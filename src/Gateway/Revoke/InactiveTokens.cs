using TokenExchange.Inbound.Introspection;
using TokenExchange.Outbound.Cache;

namespace Gateway.Revoke;

/// <summary>Ends what goes on in the name of a token that its issuer calls inactive: its subject's hop tokens and its own open streams.</summary>
/// <remarks>RFC 7662 §2.2.</remarks>
internal sealed class InactiveTokens(ExchangeCache cache, OpenStreams streams, ILogger<InactiveTokens> log)
{
    public void Drop(string authorizationServer, InactiveToken inactive)
    {
        if (inactive.Subject is { } subject)
        {
            cache.ForgetSubject(inactive.Issuer, subject);
        }

        streams.End(token => token.Issuer == inactive.Issuer && token.Digest == inactive.Token);
        log.TokenInactive(authorizationServer);
    }
}
