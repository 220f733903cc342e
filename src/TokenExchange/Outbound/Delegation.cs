using TokenExchange.Inbound;
using TokenExchange.Outbound.Local;

namespace TokenExchange.Outbound;

/// <summary>
/// Whether a subject token's own claims let it be gone on with, whatever is asked for: found without asking anybody, and so
/// before anybody is. Refused are rights that the next token would not express (<c>authorization_details</c>), a delegation
/// to others than the gateway or this server (<c>may_act</c>), and a chain of actors that is too deep or has passed here
/// before (<c>act</c>).
/// </summary>
/// <remarks>RFC 8693 §4.1, §4.4; RFC 9396.</remarks>
public static class Delegation
{
    /// <summary>Why the token cannot be used for the target; null when nothing in it forbids that. The diagnostic is the claim's name.</summary>
    public static ExchangeResult.Refused? Refusal(ValidatedToken subject, OutboundTarget target)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(target);
        return Refusal(subject, target, target.TakesDetails);
    }

    internal static ExchangeResult.Refused? Refusal(ValidatedToken subject, OutboundTarget target, bool takesDetails)
    {
        // Most tokens restrict nobody, and are not read for it.
        if (target.ActsForSubject && subject.IsRestricted)
        {
            if (!takesDetails && subject.TryGetAuthority(AuthorizationDetails.Name, out var details)
                && (target.DetailsAside.IsEmpty || AuthorizationDetails.Count(details, target.DetailsAside.AsSpan()) > 0))
            {
                return new(ExchangeError.ClaimRefused, Diagnostic: AuthorizationDetails.Name);
            }

            if (MayAct.Refusal(subject, target) is { } forbidden)
            {
                return forbidden;
            }
        }

        return ActorChain.Refusal(subject, target.ActsForSubject);
    }
}
