using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace TokenExchange;

/// <summary>
/// Makes the one pooled connection to an authorization server. It follows no redirect (a secret would go along), keeps
/// no cookies, uses no ambient proxy and asks for no compression (an answer's size is what was read).
/// </summary>
internal static class BackChannel
{
    public static HttpMessageInvoker Create(Func<X509Certificate2?>? clientCertificate = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = 32,
            EnableMultipleHttp2Connections = true,
        };
        if (clientCertificate is not null)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                LocalCertificateSelectionCallback = (_, _, _, _, _) => clientCertificate()!,

                // A resumed session speaks for the certificate that it began with, not for the one in the files now.
                AllowTlsResume = false,
            };
        }

        return new HttpMessageInvoker(handler);
    }
}
