using TokenExchange.Request;

namespace TokenExchange.Verify;

/// <summary>Verifies the token that an authorization server returned, before anything is sent with it.</summary>
internal sealed class ResultVerifier(AuthorizationServer resultIssuer, TimeProvider clock)
{
    public ValueTask<ExchangeResult> VerifyAsync(TokenResponse response, TokenExchangeRequest request, CancellationToken cancellationToken) =>
        throw new NotImplementedException($"{resultIssuer}{clock}");
}
