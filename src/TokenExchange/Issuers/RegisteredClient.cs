using System.Security.Cryptography;
using TokenExchange.Issuers.ClientAuthentication;

namespace TokenExchange.Issuers;

/// <summary>
/// The gateway as one client of one authorization server. When an endpoint refuses the client itself, that endpoint is not
/// asked again for 5 to 10 seconds: every other request would be refused too. It says nothing about another endpoint, where
/// other permissions count, nor about another credential: once a file holds another, the endpoint is asked at once.
/// </summary>
internal sealed class RegisteredClient(ClientAuthenticator authenticator, TimeProvider clock) : IDisposable
{
    private long usedAt = clock.GetTimestamp();

    public ClientAuthenticator Authenticator => authenticator;

    /// <summary>Whether the certificate of its connections is its credential (RFC 8705 §2).</summary>
    public bool ShowsCertificate => authenticator is TlsClientAuth;

    /// <summary>For how long nobody has asked as this client.</summary>
    public TimeSpan Unused => clock.GetElapsedTime(Volatile.Read(ref usedAt));

    public void Use() => Volatile.Write(ref usedAt, clock.GetTimestamp());

    /// <summary>What the token endpoint said of the client.</summary>
    public ClientStanding Exchanging { get; } = new(authenticator, clock);

    /// <summary>What the introspection endpoint said of the client.</summary>
    public ClientStanding Introspecting { get; } = new(authenticator, clock);

    /// <summary>Connections of its own that present the client's certificate as its files hold it now; null: those that all clients share.</summary>
    public FairConnections? Connections(Lane lane) => (authenticator as TlsClientAuth)?.Connections(lane);

    public void Dispose() => (authenticator as IDisposable)?.Dispose();
}

/// <summary>Whether one endpoint refuses the client itself.</summary>
internal sealed class ClientStanding(ClientAuthenticator authenticator, TimeProvider clock)
{
    private volatile Refusal? refusal;

    /// <summary>The code of a refusal that is still fresh, of what the client would prove itself with now; else null.</summary>
    public string? RefusedWith =>
        refusal is { } last && clock.GetElapsedTime(last.At) < last.For && ReferenceEquals(last.Credential, authenticator.Credential) ? last.Code : null;

    /// <summary>Remembers a refusal of what the client proved itself with.</summary>
    public void Refused(string code, object? credential) =>
        refusal = new(code, credential, clock.GetTimestamp(), TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(5_000, 10_000)));

    private sealed record Refusal(string Code, object? Credential, long At, TimeSpan For);
}

/// <summary>What a connection is for, so that none waits for another's.</summary>
internal enum Lane
{
    /// <summary>Exchanges.</summary>
    Exchange,

    /// <summary>Introspection of tokens that are known to have been active.</summary>
    Introspection,

    /// <summary>Introspection of tokens of which nothing is known.</summary>
    Strangers,
}
