using System.Security.Cryptography;
using TokenExchange.Issuers.ClientAuthentication;

namespace TokenExchange.Issuers;

/// <summary>
/// The gateway as one client of one authorization server. When the server refuses the client itself, it is not asked
/// again for 5 to 10 seconds: every other request would be refused too.
/// </summary>
internal sealed class RegisteredClient(ClientAuthenticator authenticator, TimeProvider clock) : IDisposable
{
    private volatile Refusal? refusal;

    public ClientAuthenticator Authenticator => authenticator;

    /// <summary>Connections of its own that present the client's certificate as its files hold it now; null: those that all clients share.</summary>
    public HttpMessageInvoker? Http => (authenticator as TlsClientAuth)?.Http;

    /// <summary>The code of a refusal that is still fresh; else null.</summary>
    public string? RefusedWith => refusal is { } last && clock.GetUtcNow() < last.Until ? last.Code : null;

    public void Refused(string code) =>
        refusal = new(code, clock.GetUtcNow() + TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(5_000, 10_000)));

    public void Dispose() => (authenticator as IDisposable)?.Dispose();

    private sealed record Refusal(string Code, DateTimeOffset Until);
}
