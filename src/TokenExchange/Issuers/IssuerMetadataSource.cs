using System.Text.Json;
using Microsoft.Extensions.Logging;
using TokenExchange.Jose;

namespace TokenExchange.Issuers;

/// <summary>What the metadata of an authorization server says, as far as it is used here; an address is null when it names none.</summary>
/// <remarks>RFC 8414 §2; OpenID Connect Discovery 1.0 §3.</remarks>
public sealed record IssuerMetadata(string Issuer, Uri? JwksUri, Uri? TokenEndpoint, Uri? IntrospectionEndpoint);

/// <summary>
/// The metadata of one authorization server: fetched when first needed, remembered, and fetched anew with every refresh
/// of the keys. Metadata that names another issuer, or an address that may not be asked, is refused whole.
/// </summary>
internal sealed partial class IssuerMetadataSource
{
    /// <summary>
    /// No longer than the shortest break of a breaker: endpoints are found out behind one, and its probe must be able to
    /// ask, or an outage of the metadata would outlast the server's.
    /// </summary>
    private static readonly FetchPause OnDemand = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    private readonly AuthorizationServerSettings settings;
    private readonly IssuerDocument documents;
    private readonly ILogger log;
    private readonly FetchGate gate;
    private volatile IssuerMetadata? current;

    public IssuerMetadataSource(AuthorizationServerSettings settings, HttpMessageInvoker http, TimeProvider clock, ILogger log)
    {
        this.settings = settings;
        this.log = log;
        documents = new IssuerDocument(settings, http, clock);
        gate = new FetchGate(clock, OnDemand, FetchAsync);
    }

    /// <summary>The metadata, fetched once and then remembered; null when it cannot be had now.</summary>
    public ValueTask<IssuerMetadata?> GetAsync(CancellationToken cancellationToken) =>
        current is { } known ? new(known) : AfterFetchAsync(gate.OnDemand(), cancellationToken);

    /// <summary>The metadata as it is now; null when it cannot be had, even if it was known before.</summary>
    public async Task<IssuerMetadata?> RefreshAsync() => await gate.Scheduled() ? current : null;

    private async ValueTask<IssuerMetadata?> AfterFetchAsync(Task<bool>? fetch, CancellationToken cancellationToken)
    {
        if (fetch is not null)
        {
            await fetch.WaitAsync(cancellationToken);
        }

        return current;
    }

    private async Task<bool> FetchAsync()
    {
        var cause = "not served";
        try
        {
            foreach (var address in Addresses())
            {
                if (await documents.FetchAsync(address, CancellationToken.None) is not { } document)
                {
                    continue;
                }

                if (Read(document) is { } metadata)
                {
                    current = metadata;
                    return true;
                }

                cause = "of another issuer, or with an address that may not be asked";
            }
        }
        catch (Exception bug)
        {
            cause = bug.GetType().Name;
        }

        MetadataFetchFailed(settings.Name, cause);
        return false;
    }

    // RFC 8414 §3.1 puts the well-known part between host and path, OpenID discovery behind the path.
    private IEnumerable<Uri> Addresses()
    {
        if (settings.MetadataUrl is not null)
        {
            return [settings.MetadataUrl];
        }

        if (!Uri.TryCreate(settings.Issuer, UriKind.Absolute, out var issuer))
        {
            return [];
        }

        var origin = issuer.GetLeftPart(UriPartial.Authority);
        var path = issuer.AbsolutePath.TrimEnd('/');
        return
        [
            new Uri($"{origin}/.well-known/oauth-authorization-server{path}"),
            new Uri($"{origin}{path}/.well-known/openid-configuration"),
        ];
    }

    private IssuerMetadata? Read(ReadOnlySpan<byte> document)
    {
        if (StrictJson.Read(document, out var root) != JsonForm.Sound || Jws.StringOf(root, "issuer") != settings.Issuer)
        {
            return null;
        }

        return TryReadAddress(root, "jwks_uri", out var keys) &&
               TryReadAddress(root, "token_endpoint", out var token) &&
               TryReadAddress(root, "introspection_endpoint", out var introspection)
            ? new IssuerMetadata(settings.Issuer, keys, token, introspection)
            : null;
    }

    private bool TryReadAddress(JsonElement root, string name, out Uri? address)
    {
        address = null;
        return !root.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null ||
               (member.ValueKind == JsonValueKind.String && Uri.TryCreate(member.GetString(), UriKind.Absolute, out address) && documents.IsAllowed(address));
    }

    [LoggerMessage(2103, LogLevel.Warning, "Metadata of {AuthorizationServer} could not be fetched: {Cause}", EventName = "IssuerMetadataNotFetched")]
    private partial void MetadataFetchFailed(string authorizationServer, string cause);
}
