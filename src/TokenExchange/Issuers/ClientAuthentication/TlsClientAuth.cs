using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Duende.IdentityModel.Client;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>
/// <c>tls_client_auth</c>: the certificate of the connection is the credential; the body names the client. The certificate
/// of the key comes first in its file, as TLS servers want it too; of the others those that lead from it towards its root
/// are sent with it, in whatever order they are written. What the files hold is presented by new connections, and by them
/// alone. While the two files do not belong together, as between the two writes of a rotation, the pair of before goes on
/// for ten seconds.
/// </summary>
/// <remarks>RFC 8705 §2; RFC 8446 §4.4.2.</remarks>
internal sealed class TlsClientAuth : ClientAuthenticator, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ClientSettings client;
    private readonly TimeProvider clock;
    private readonly CredentialFile<X509Certificate2Collection> certificateFile;
    private readonly CredentialFile<string> keyFile;
    private readonly Lock gate = new();
    private volatile Pair? current;
    private long? apartSince;

    public TlsClientAuth(ClientSettings client, TimeProvider clock)
    {
        (this.client, this.clock) = (client, clock);
        certificateFile = new(nameof(client.CertificateFile), Required(client.CertificateFile, nameof(client.CertificateFile)), FileContent.Public, PemCertificates.Read, clock);
        keyFile = new(nameof(client.KeyFile), Required(client.KeyFile, nameof(client.KeyFile)), FileContent.Key, Encoding.UTF8.GetString, clock);
    }

    /// <summary>The connections that present the certificate as its files hold it now; null as long as there was none.</summary>
    public FairConnections? Connections(Lane lane)
    {
        _ = Look();
        return current?.Lanes[(int)lane];
    }

    /// <summary>What new connections present; null as long as there was none.</summary>
    internal SslStreamCertificateContext? Presented => current?.Context;

    public override object? Credential => Look() is null ? current : null;

    public override string? Authenticate(ProtocolRequest request)
    {
        var diagnostic = Look();
        if (diagnostic is null)
        {
            Name(request, client.Id);
        }

        return diagnostic;
    }

    public void Dispose()
    {
        foreach (var lane in current?.Lanes ?? [])
        {
            lane.Dispose();
        }
    }

    private string? Look()
    {
        if (!certificateFile.TryRead(out var certificates, out var diagnostic) || !keyFile.TryRead(out var key, out diagnostic))
        {
            return diagnostic;
        }

        lock (gate)
        {
            try
            {
                if (current is null || !ReferenceEquals(current.Certificates, certificates) || !ReferenceEquals(current.Key, key))
                {
                    // The connections of before are let go, not closed: a request may be under way on them. Idle ones end by themselves.
                    current = Pair.Of(certificates, key);
                }

                apartSince = null;
            }
            catch (Exception exception) when (exception is CryptographicException or ArgumentException)
            {
                apartSince ??= clock.GetTimestamp();
                if (current is null || clock.GetElapsedTime(apartSince.Value) >= Patience)
                {
                    return "CertificateFile does not begin with the certificate of KeyFile";
                }
            }

            return null;
        }
    }

    private sealed record Pair(X509Certificate2Collection Certificates, string Key, SslStreamCertificateContext Context, FairConnections[] Lanes)
    {
        public static Pair Of(X509Certificate2Collection certificates, string key)
        {
            var context = PemCertificates.Present(certificates, key);
            return new(certificates, key, context, BackChannelEndpoints.Lanes(context));
        }
    }
}
