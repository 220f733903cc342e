using Gateway.Advertise;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;

namespace Gateway.Authenticate;

/// <summary>
/// Whether a token that was accepted still is: asked again wherever time has passed since, and last when the request is
/// sent. Refuses what a fresh request with it would be refused for.
/// </summary>
internal sealed class Standing(Revocations revocations, TimeProvider clock)
{
    private static readonly Refused Expired = Refusal.Of(TokenRefusal.Expired);

    public Refused? RefusalOf(ValidatedToken token) =>
        clock.GetUtcNow() >= token.AcceptedUntil ? Expired : revocations.RefusalOf(token) is { } fallen ? Refusal.WithCause(fallen, null) : null;
}
