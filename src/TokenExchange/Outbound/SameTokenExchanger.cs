using TokenExchange.Outbound.Local;

namespace TokenExchange.Outbound;

/// <summary>
/// Mode same-token: the inbound token was validated for this very server, which stands right behind, and is itself the
/// outbound token. The only way in which an inbound token can be forwarded.
/// </summary>
public sealed class SameTokenExchanger : ITokenExchanger
{
    /// <inheritdoc/>
    public ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var subject = request.Subject;
        return new((ExchangeResult?)ActorChain.Refusal(subject, joins: false) ?? new ExchangeResult.Issued(
            new OutboundToken(OutboundToken.SchemeOf(null) + subject.Value)
            {
                InboundResource = subject.Resource,
                Audiences = subject.Audiences,
                Scopes = subject.Scopes,
                TokenId = subject.TokenId,
                ExpiresAt = subject.ExpiresAt,
                ClockSkew = subject.ClockSkew,
            },
            ExchangeOrigin.None));
    }
}
