using System.Text;
using Gateway.Configuration.Options;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;

namespace Gateway.Forward;

/// <summary>
/// TLS towards one MCP server: its private certificate authority, and the certificate that the gateway shows it. The files
/// are looked at when a request is sent, at most once a second; what they hold then, new connections use, and requests under
/// way end on theirs. While the files do not fit together, as in the middle of a rotation, those of before go on for ten
/// seconds, unless others may read the key; without any that fit, nothing is sent.
/// </summary>
internal sealed class OutboundTls(TlsFiles files, TimeProvider clock, Func<SocketsHttpHandler> connections) : HttpMessageHandler
{
    private readonly WatchedFiles<HttpMessageInvoker> connected = new(files.Read, contents => Connect(contents, connections()), clock);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        (connected.Read(out var fault) ?? throw new HttpRequestException(HttpRequestError.SecureConnectionError, "The files of Tls cannot be used.", fault)).SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connected.Known?.Dispose();
        }

        base.Dispose(disposing);
    }

    // The connections of before are let go, not closed: a request may be under way on them. Idle ones end by themselves.
    private static HttpMessageInvoker Connect(byte[]?[] content, SocketsHttpHandler handler)
    {
        if (content[0] is { } authority)
        {
            handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy(PemCertificates.Read(authority));
        }

        if (content is [_, { } pem, { } key])
        {
            var text = Encoding.UTF8.GetChars(key);
            try
            {
                handler.SslOptions.ClientCertificateContext = PemCertificates.Present(PemCertificates.Read(pem), text);
            }
            finally
            {
                Array.Clear(text);
            }

            // A resumed session speaks for the certificate that it began with, not for the one in the files now.
            handler.SslOptions.AllowTlsResume = false;
        }

        return new HttpMessageInvoker(handler);
    }
}

/// <summary>The files of <c>Servers:*:Tls</c>.</summary>
internal sealed record TlsFiles(string? Authority, string? Certificate, string? Key)
{
    public static TlsFiles? Of(TlsOptions? options) => options is null ? null : new(options.CaFile, options.CertificateFile, options.KeyFile);

    /// <summary>Their content in this order, null for what is not configured. Throws what reading them throws.</summary>
    public byte[]?[] Read() =>
    [
        Authority is null ? null : PrivateFile.Read(Authority, FileContent.Public),
        Certificate is null ? null : PrivateFile.Read(Certificate, FileContent.Public),
        Key is null ? null : PrivateFile.Read(Key, FileContent.Key),
    ];
}
