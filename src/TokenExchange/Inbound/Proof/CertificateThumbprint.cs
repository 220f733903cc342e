using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TokenExchange.Inbound.Proof;

/// <summary>The thumbprint of a client's certificate, which a token can be bound to. Who issued it is not judged: the token names it.</summary>
/// <remarks>RFC 8705 §3.1 (<c>x5t#S256</c>); RFC 9440 §2.2 (<c>Client-Cert</c>).</remarks>
public static class CertificateThumbprint
{
    private const int LongestHeader = 16 * 1024;

    /// <summary>The thumbprint in base64url; null when the certificate is not valid at <paramref name="now"/>.</summary>
    public static string? Of(X509Certificate2 certificate, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return now.UtcDateTime >= certificate.NotBefore.ToUniversalTime() && now.UtcDateTime <= certificate.NotAfter.ToUniversalTime()
            ? Base64Url.EncodeToString(SHA256.HashData(certificate.RawDataMemory.Span))
            : null;
    }

    /// <summary>The thumbprint of the certificate in a <c>Client-Cert</c> header; null when it holds none that is valid at <paramref name="now"/>.</summary>
    public static string? OfHeader(string value, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(value);
        var text = value.AsSpan().Trim(" \t");
        if (text.Length is < 3 or > LongestHeader || text[0] != ':' || text[^1] != ':')
        {
            return null;
        }

        // A byte sequence holds none (RFC 9651 §4.2.7); the platform's decoder passes it over.
        if (text[1..^1].ContainsAny(" \t\r\n"))
        {
            return null;
        }

        var der = new byte[text.Length];
        if (!Convert.TryFromBase64Chars(text[1..^1], der, out var length))
        {
            return null;
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der.AsSpan(0, length));
            return certificate.RawDataMemory.Length == length ? Of(certificate, now) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
