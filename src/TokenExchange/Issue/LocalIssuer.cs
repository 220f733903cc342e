using Microsoft.Extensions.Logging;

namespace TokenExchange.Issue;

/// <summary>The local issuer as configured.</summary>
/// <param name="Issuer">The <c>iss</c> of hop tokens; differs from every resource identifier and is never accepted inbound.</param>
/// <param name="KeyDirectory">The directory of PKCS#8 PEM private keys; watched.</param>
/// <param name="Algorithm">ES256, ES384, PS256 or RS256.</param>
public sealed record LocalIssuerSettings(string Issuer, string KeyDirectory, string Algorithm);

/// <summary>Mints hop tokens where no authorization server can.</summary>
public sealed class LocalIssuer : IDisposable
{
    /// <summary>Reads the key directory. Throws <see cref="LocalIssuerException"/> when no usable key is there.</summary>
    public LocalIssuer(LocalIssuerSettings settings, TimeProvider clock, ILogger<LocalIssuer> log) => throw new NotImplementedException($"{settings}{clock}{log}");

    /// <summary>The published key set: public members only (RFC 7517).</summary>
    public ReadOnlyMemory<byte> Jwks => throw new NotImplementedException();

    /// <summary>The issuer metadata (RFC 8414): issuer, jwks_uri and algorithms.</summary>
    public ReadOnlyMemory<byte> Metadata => throw new NotImplementedException();

    /// <summary>An exchanger that mints for one server.</summary>
    public ITokenExchanger For(LocalTokenSettings settings) => throw new NotImplementedException($"{settings}");

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>How hop tokens for one server are minted.</summary>
/// <param name="Lifetime">Their life, at most 5 minutes; never beyond the inbound token's.</param>
/// <param name="Claims">Inbound claims that are carried over.</param>
/// <param name="QualifySubject">Whether the subject is qualified by its issuer, as it must be with several inbound issuers.</param>
/// <param name="ClientId">The gateway's client, whom an inbound <c>may_act</c> may name besides this server; null without one.</param>
public sealed record LocalTokenSettings(TimeSpan Lifetime, IReadOnlyList<string> Claims, bool QualifySubject, string? ClientId);

/// <summary>The key directory holds no usable key. The message says where and why, never a key.</summary>
public sealed class LocalIssuerException(string message) : Exception(message);
