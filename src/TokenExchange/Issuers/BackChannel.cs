using System.Net;
using System.Net.Security;

namespace TokenExchange.Issuers;

/// <summary>
/// Makes pools of connections to an authorization server, each of 32 at most unless it is told otherwise. They follow no
/// redirect (a secret would go along), keep no cookies, and ask for no compression (an answer's size is what was read). The
/// environment's proxy is used for https alone (<see cref="EnvironmentProxy"/>), and its certificates are trusted as OpenSSL
/// is told (SSL_CERT_FILE).
/// </summary>
internal static class BackChannel
{
    public static HttpMessageInvoker Create(SslStreamCertificateContext? clientCertificate = null, int connections = 32)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = true,
            Proxy = EnvironmentProxy.Instance,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = connections,
            EnableMultipleHttp2Connections = true,
        };
        handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy();
        if (clientCertificate is not null)
        {
            handler.SslOptions.ClientCertificateContext = clientCertificate;

            // A resumed session speaks for the certificate that it began with, not for the one in the files now.
            handler.SslOptions.AllowTlsResume = false;
        }

        return new HttpMessageInvoker(handler);
    }
}
