using TokenExchange.Verify;

namespace TokenExchange.Request;

/// <summary>Asks one authorization server, as one client, for tokens (RFC 8693), and verifies each before it returns it.</summary>
public sealed class TokenExchangeClient : ITokenExchanger
{
    /// <summary>A client of <paramref name="server"/> whose results must be signed by <paramref name="resultIssuer"/>.</summary>
    public TokenExchangeClient(AuthorizationServer server, ClientSettings client, AuthorizationServer resultIssuer, IReadOnlyDictionary<string, string> extraParameters, TimeProvider clock) =>
        throw new NotImplementedException($"{server}{client}{new ResultVerifier(resultIssuer, clock)}{extraParameters}{clock}");

    /// <inheritdoc/>
    public ValueTask<ExchangeResult> ExchangeAsync(TokenExchangeRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Forget(TokenExchangeRequest request)
    {
    }
}
