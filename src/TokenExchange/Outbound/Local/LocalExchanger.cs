using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>
/// Mints hop tokens for one server, after its rules have passed. Refused are: a token that has expired, rights that the hop
/// token would not express (<c>authorization_details</c>), a delegation to others than the gateway or this server
/// (<c>may_act</c>), and a chain of actors that is too deep or has passed here before.
/// </summary>
internal sealed class LocalExchanger(string issuer, LocalTokenSettings settings, Func<SigningKey> signer, TimeProvider clock) : ITokenExchanger
{
    // As long as a call may take from here to there, and no longer.
    private const long CallSeconds = 30;
    private readonly HopTokenWriter writer = new(issuer, settings);

    public ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new(Refusal(request) ?? Mint(request));
    }

    private ExchangeResult Mint(TokenExchangeRequest request)
    {
        // Whole seconds, as in the token; rounding down keeps its end before the inbound token's.
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var expires = Math.Min(now + Math.Min((long)settings.Lifetime.TotalSeconds, request.Call is null ? long.MaxValue : CallSeconds), request.Subject.ExpiresAt.ToUnixTimeSeconds());
        return expires <= now
            ? new ExchangeResult.Refused(ExchangeError.SubjectRefused, Diagnostic: "expired")
            : new ExchangeResult.Issued(writer.Write(request, signer(), now, expires), ExchangeOrigin.Issued);
    }

    private ExchangeResult.Refused? Refusal(TokenExchangeRequest request) =>
        Delegation.Refusal(request.Subject, request.Target, settings.Claims.Contains(AuthorizationDetails.Name));
}
