using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace TokenExchange.Issuers.Files;

/// <summary>Certificates as operators give them: PEM (RFC 7468).</summary>
public static class PemCertificates
{
    /// <summary>All certificates of a file's content, in its order; at least one. Throws <see cref="CryptographicException"/> for none, or for one that cannot be read.</summary>
    public static X509Certificate2Collection Read(byte[] pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(Encoding.UTF8.GetString(pem));
        return certificates.Count > 0 ? certificates : throw new CryptographicException("There is no certificate in PEM.");
    }

    /// <summary>
    /// What is shown at a connection: the first certificate, with its private key in PEM, and the others as its chain. Offline: no address in a
    /// certificate is asked for more of it. Throws <see cref="CryptographicException"/> or <see cref="ArgumentException"/> when the key is not the certificate's.
    /// </summary>
    public static SslStreamCertificateContext Present(X509Certificate2Collection certificates, ReadOnlySpan<char> key)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificates[0].ExportCertificatePem(), key), certificates, offline: true);
    }
}
