using Microsoft.Extensions.Logging;

namespace TokenExchange.Verify;

/// <summary>The keys of one issuer.</summary>
public sealed class IssuerKeys : IDisposable
{
    internal IssuerKeys(AuthorizationServerSettings settings, IssuerMetadataSource metadata, HttpMessageInvoker http, TimeProvider clock, ILogger<IssuerKeys> log) =>
        throw new NotImplementedException($"{settings}{metadata}{http}{clock}{log}");

    /// <summary>Whether a key set was fetched at least once and is still good.</summary>
    public bool Available => throw new NotImplementedException();

    /// <summary>When the last good key set was fetched; null before the first.</summary>
    public DateTimeOffset? FetchedAt => throw new NotImplementedException();

    internal Task StartAsync(CancellationToken cancellationToken) => throw new NotImplementedException($"{cancellationToken}");

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
