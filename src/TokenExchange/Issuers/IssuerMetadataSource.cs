using System.Text.Json;
using Microsoft.Extensions.Logging;
using TokenExchange.Jose;

namespace TokenExchange.Issuers;

/// <summary>What the metadata of an authorization server says, as far as it is used here; an address is null when it names none.</summary>
/// <remarks>RFC 8414 §2; OpenID Connect Discovery 1.0 §3.</remarks>
public sealed record IssuerMetadata(string Issuer, Uri? JwksUri, Uri? TokenEndpoint, Uri? IntrospectionEndpoint)
{
    /// <summary>Where users are sent to sign in; read only where <see cref="AuthorizationServerSettings.SignsIn"/> says so.</summary>
    /// <remarks>RFC 6749 §3.1.</remarks>
    public Uri? AuthorizationEndpoint { get; init; }

    /// <summary>Whether its answers to authorization requests name the server that made them; read only where <see cref="AuthorizationServerSettings.SignsIn"/> says so.</summary>
    /// <remarks>RFC 9207 §3.</remarks>
    public bool NamesItselfInResponses { get; init; }

    /// <summary>The token endpoint for clients whose certificate is their credential; null when it is the same one.</summary>
    /// <remarks>RFC 8705 §5 (<c>mtls_endpoint_aliases</c>).</remarks>
    public Uri? MtlsTokenEndpoint { get; init; }

    /// <summary>The introspection endpoint for clients whose certificate is their credential; null when it is the same one.</summary>
    /// <remarks>RFC 8705 §5 (<c>mtls_endpoint_aliases</c>).</remarks>
    public Uri? MtlsIntrospectionEndpoint { get; init; }

    /// <summary>The token endpoint for a client whose credential is a certificate, or another one; null when none is named.</summary>
    /// <remarks>RFC 8705 §5: where a certificate is the credential, one is asked for at an address that may be another.</remarks>
    public Uri? TokenEndpointFor(bool certificate) => (certificate ? MtlsTokenEndpoint : null) ?? TokenEndpoint;

    /// <summary>The introspection endpoint, likewise.</summary>
    /// <remarks>RFC 8705 §5.</remarks>
    public Uri? IntrospectionEndpointFor(bool certificate) => (certificate ? MtlsIntrospectionEndpoint : null) ?? IntrospectionEndpoint;

    internal bool IsComplete => JwksUri is not null && TokenEndpoint is not null && IntrospectionEndpoint is not null;

    /// <summary>This, with what only <paramref name="other"/> names.</summary>
    internal IssuerMetadata CompletedBy(IssuerMetadata? other) => other is null ? this : this with
    {
        JwksUri = JwksUri ?? other.JwksUri,
        TokenEndpoint = TokenEndpoint ?? other.TokenEndpoint,
        IntrospectionEndpoint = IntrospectionEndpoint ?? other.IntrospectionEndpoint,
        AuthorizationEndpoint = AuthorizationEndpoint ?? other.AuthorizationEndpoint,
        MtlsTokenEndpoint = MtlsTokenEndpoint ?? other.MtlsTokenEndpoint,
        MtlsIntrospectionEndpoint = MtlsIntrospectionEndpoint ?? other.MtlsIntrospectionEndpoint,
        NamesItselfInResponses = NamesItselfInResponses || other.NamesItselfInResponses,
    };
}

/// <summary>
/// The metadata of one authorization server: fetched when first needed, remembered, and fetched anew with every refresh
/// of the keys. What the RFC 8414 document does not name, the OpenID document may. A document that names another issuer,
/// or an address that may not be asked, is refused whole.
/// </summary>
internal sealed partial class IssuerMetadataSource
{
    /// <summary>
    /// No longer than the shortest break of a breaker: endpoints are found out behind one, and its probe must be able to
    /// ask, or an outage of the metadata would outlast the server's.
    /// </summary>
    private static readonly FetchPause OnDemand = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    private const int MaxSaid = 512;

    private readonly AuthorizationServerSettings settings;
    private readonly IssuerDocument documents;
    private readonly ILogger log;
    private readonly FetchGate gate;
    private volatile IssuerMetadata? current;
    private volatile IssuerProblem? problem;

    public IssuerMetadataSource(AuthorizationServerSettings settings, HttpMessageInvoker http, TimeProvider clock, ILogger log)
    {
        this.settings = settings;
        this.log = log;
        documents = new IssuerDocument(settings, http, clock);
        gate = new FetchGate(clock, OnDemand, FetchAsync);
    }

    /// <summary>Why the last fetch failed; null when it did not.</summary>
    public IssuerProblem? Problem => problem;

    /// <summary>The metadata, fetched once and then remembered; null when it cannot be had now.</summary>
    public ValueTask<IssuerMetadata?> GetAsync(CancellationToken cancellationToken) =>
        current is { } known ? new(known) : AfterFetchAsync(gate.OnDemand(), cancellationToken);

    /// <summary>Fetches anew what was fetched before; nothing that nobody has needed yet. Waits for nothing.</summary>
    public void RefreshKnown()
    {
        if (current is not null)
        {
            _ = gate.Scheduled();
        }
    }

    /// <summary>The fetch under way, if any: what a test waits for.</summary>
    internal Task Fetching => gate.Running;

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
        IssuerProblem? failed = null;
        try
        {
            IssuerMetadata? found = null;
            var away = false;
            foreach (var address in Addresses())
            {
                var fetched = await documents.FetchAsync(address, IssuerDocument.Metadata, CancellationToken.None);
                if (fetched.Bytes is not { } document)
                {
                    // What a document says wrongly tells more than that another one is not there.
                    (away, failed) = (away || !fetched.IsAbsent, failed ?? fetched.Problem);
                }
                else if (Read(address, document, out var wrong, out var said) is { } metadata)
                {
                    found = found?.CompletedBy(metadata) ?? metadata;
                }
                else
                {
                    failed = new IssuerProblem(address, wrong) { Said = said };
                }

                // What either document says of signing in counts.
                if (found is { IsComplete: true } && !settings.SignsIn)
                {
                    break;
                }
            }

            if (found is not null)
            {
                // What the other document named before still counts while only that one is away; where the server says that there is none, it names nothing.
                (current, problem) = (away ? found.CompletedBy(current) : found, null);
                return true;
            }
        }
        catch (Exception bug)
        {
            failed = new IssuerProblem(null, bug.GetType().Name);
        }

        problem = failed ?? new IssuerProblem(null, IssuerProblem.BadAddress);
        MetadataFetchFailed(settings.Name, problem.ToString());
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

    private IssuerMetadata? Read(Uri address, ReadOnlySpan<byte> document, out string wrong, out string? said)
    {
        (wrong, said) = (IssuerProblem.NoDocument, null);
        if (StrictJson.Read(document, out var root) != JsonForm.Sound)
        {
            return null;
        }

        wrong = IssuerProblem.OtherIssuer;
        if (Jws.StringOf(root, "issuer") is var issuer && issuer != settings.Issuer)
        {
            said = issuer is { Length: > MaxSaid } ? issuer[..MaxSaid] : issuer;
            return null;
        }

        wrong = IssuerProblem.BadAddress;
        if (root.Has("mtls_endpoint_aliases", out var aliases) && aliases.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        Uri? authorization = null, mtlsToken = null, mtlsIntrospection = null;
        return TryReadAddress(address, root, "jwks_uri", out var keys) &&
               TryReadAddress(address, root, "token_endpoint", out var token) &&
               TryReadAddress(address, root, "introspection_endpoint", out var introspection) &&
               (aliases.ValueKind != JsonValueKind.Object ||
                   (TryReadAddress(address, aliases, "token_endpoint", out mtlsToken) && TryReadAddress(address, aliases, "introspection_endpoint", out mtlsIntrospection))) &&
               (!settings.SignsIn || TryReadAddress(address, root, "authorization_endpoint", out authorization))
            ? new IssuerMetadata(settings.Issuer, keys, token, introspection)
            {
                AuthorizationEndpoint = authorization,
                MtlsTokenEndpoint = mtlsToken,
                MtlsIntrospectionEndpoint = mtlsIntrospection,
                NamesItselfInResponses = settings.SignsIn && SaysThatItNamesItself(root),
            }
            : null;
    }

    // Whatever is not a clear no: who builds on its absence has to be sure of it.
    private static bool SaysThatItNamesItself(JsonElement root) =>
        root.Has("authorization_response_iss_parameter_supported", out var member) && member.ValueKind != JsonValueKind.False;

    private bool TryReadAddress(Uri document, JsonElement root, string name, out Uri? address)
    {
        address = null;
        return !root.Has(name, out var member) ||
               (member.ValueKind == JsonValueKind.String && Uri.TryCreate(member.GetString(), UriKind.Absolute, out address) && documents.MayLeadTo(document, address));
    }

    [LoggerMessage(2103, LogLevel.Warning, "Metadata of {AuthorizationServer} could not be fetched: {Cause} (docs/troubleshooting.md#keys_unavailable)", EventName = "IssuerMetadataNotFetched")]
    private partial void MetadataFetchFailed(string authorizationServer, string cause);
}
