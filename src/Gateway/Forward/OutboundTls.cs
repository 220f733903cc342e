using System.Security.Cryptography;
using System.Text;
using Gateway.Configuration.Options;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;

namespace Gateway.Forward;

/// <summary>
/// TLS towards one MCP server: its private certificate authority, and the certificate that the gateway shows it. The files
/// are looked at when a request is sent, at most once a second; what they hold then, new connections use, and requests under
/// way end on theirs. While the files do not fit together, as in the middle of a rotation, those of before go on for ten
/// seconds; without any that fit, nothing is sent.
/// </summary>
internal sealed class OutboundTls(TlsFiles files, TimeProvider clock, Func<SocketsHttpHandler> connections) : HttpMessageHandler
{
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private Made? current;
    private long lookedAt;
    private long? unfitSince;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Current().SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            current?.Connections.Dispose();
        }

        base.Dispose(disposing);
    }

    private HttpMessageInvoker Current()
    {
        lock (gate)
        {
            if (current is null || clock.GetElapsedTime(lookedAt) >= Often)
            {
                Look();
            }

            return current?.Connections ?? throw new HttpRequestException(HttpRequestError.SecureConnectionError, "The files of Tls cannot be used.");
        }
    }

    private void Look()
    {
        try
        {
            var content = files.Read();
            var digest = SHA256.HashData(content.SelectMany(file => SHA256.HashData(file ?? [])).ToArray());
            if (current is null || !digest.AsSpan().SequenceEqual(current.Digest))
            {
                // The connections of before are let go, not closed: a request may be under way on them. Idle ones end by themselves.
                current = new Made(digest, Connect(content));
            }

            unfitSince = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PrivateFileException or CryptographicException or ArgumentException)
        {
            unfitSince ??= clock.GetTimestamp();
            if (clock.GetElapsedTime(unfitSince.Value) >= Patience)
            {
                current = null;
            }
        }

        lookedAt = clock.GetTimestamp();
    }

    private HttpMessageInvoker Connect(byte[]?[] content)
    {
        var handler = connections();
        if (content[0] is { } authority)
        {
            handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy(PemCertificates.Read(authority));
        }

        if (content is [_, { } pem, { } key])
        {
            handler.SslOptions.ClientCertificateContext = PemCertificates.Present(PemCertificates.Read(pem), Encoding.UTF8.GetString(key));

            // A resumed session speaks for the certificate that it began with, not for the one in the files now.
            handler.SslOptions.AllowTlsResume = false;
        }

        return new HttpMessageInvoker(handler);
    }

    private sealed record Made(byte[] Digest, HttpMessageInvoker Connections);
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
