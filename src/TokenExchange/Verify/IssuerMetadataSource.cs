namespace TokenExchange.Verify;

/// <summary>What the metadata of an authorization server says, as far as it is used here.</summary>
/// <remarks>RFC 8414 §2; OpenID Connect Discovery 1.0 §3.</remarks>
internal sealed record IssuerMetadata(string Issuer, Uri? JwksUri, Uri? TokenEndpoint, Uri? IntrospectionEndpoint);

internal sealed class IssuerMetadataSource(AuthorizationServerSettings settings, HttpMessageInvoker http, TimeProvider clock)
{
    /// <summary>The metadata, fetched once and then remembered; null when it cannot be had now.</summary>
    public ValueTask<IssuerMetadata?> GetAsync(CancellationToken cancellationToken) => throw new NotImplementedException($"{settings}{http}{clock}");
}
