using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace TokenExchange.Request.ClientAuthentication;

/// <summary>
/// <c>tls_client_auth</c>: the certificate of the connection is the credential; the body names the client. New connections
/// present the files as they are then, and no connection is used for longer than two minutes. While the two files do not
/// belong together, as between the two writes of a rotation, the pair of before goes on for ten seconds.
/// </summary>
/// <remarks>RFC 8705 §2.</remarks>
internal sealed class TlsClientAuth : ClientAuthenticator, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ClientSettings client;
    private readonly TimeProvider clock;
    private readonly CredentialFile<string> certificateFile;
    private readonly CredentialFile<string> keyFile;
    private readonly Lock gate = new();
    private (string Certificate, string Key, X509Certificate2 Pair)? current;
    private long? apartSince;

    public TlsClientAuth(ClientSettings client, TimeProvider clock)
    {
        (this.client, this.clock) = (client, clock);
        certificateFile = new(nameof(client.CertificateFile), Required(client.CertificateFile, nameof(client.CertificateFile)), FileContent.Public, Encoding.UTF8.GetString, clock);
        keyFile = new(nameof(client.KeyFile), Required(client.KeyFile, nameof(client.KeyFile)), FileContent.Key, Encoding.UTF8.GetString, clock);
        Http = BackChannel.Create(() => TryRead(out var pair) is null ? pair : null);
    }

    /// <summary>The connections that present the certificate.</summary>
    public HttpMessageInvoker Http { get; }

    public override string? Authenticate(FormBody form, HttpRequestHeaders headers)
    {
        var diagnostic = TryRead(out _);
        if (diagnostic is null)
        {
            form.Add("client_id", client.Id);
        }

        return diagnostic;
    }

    public void Dispose() => Http.Dispose();

    private string? TryRead(out X509Certificate2? pair)
    {
        pair = null;
        if (!certificateFile.TryRead(out var certificate, out var diagnostic) || !keyFile.TryRead(out var key, out diagnostic))
        {
            return diagnostic;
        }

        lock (gate)
        {
            try
            {
                if (current is not { } known || !ReferenceEquals(known.Certificate, certificate) || !ReferenceEquals(known.Key, key))
                {
                    current = (certificate, key, X509Certificate2.CreateFromPem(certificate, key));
                }

                apartSince = null;
            }
            catch (Exception exception) when (exception is CryptographicException or ArgumentException)
            {
                apartSince ??= clock.GetTimestamp();
                if (current is null || clock.GetElapsedTime(apartSince.Value) >= Patience)
                {
                    return "CertificateFile and KeyFile do not belong together";
                }
            }

            pair = current.Value.Pair;
            return null;
        }
    }
}
