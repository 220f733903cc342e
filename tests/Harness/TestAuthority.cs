using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Harness;

/// <summary>A certificate authority: a root, or an intermediate that another one vouches for.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset From = TimeProvider.System.GetUtcNow().AddDays(-2);
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string name, TestAuthority? parent = null)
    {
        var request = Request(name, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Certificate = parent is null ? request.CreateSelfSigned(From, From.AddDays(9)) : parent.Sign(request, days: 8);
    }

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>A client's certificate, its key, and its SHA-256 thumbprint.</summary>
    public (string Certificate, string Key, string Thumbprint) Issue(string name)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Sign(Request(name, own), days: 7);
        return (certificate.ExportCertificatePem() + "\n", own.ExportPkcs8PrivateKeyPem(), Convert.ToHexString(SHA256.HashData(certificate.RawData)));
    }

    /// <summary>
    /// The certificate of a server, with its key, for a name or an address; it may say where the one of its issuer is to be had
    /// (authority information access, RFC 5280 §4.2.2.1).
    /// </summary>
    public X509Certificate2 IssueServer(string host, string? issuerAt = null)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(host, own);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        if (issuerAt is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, [issuerAt]));
        }

        using var certificate = Sign(request, days: 7);
        using var pair = certificate.CopyWithPrivateKey(own);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        key.Dispose();
    }

    private X509Certificate2 Sign(CertificateRequest request, int days)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), From, From.AddDays(days), RandomNumberGenerator.GetBytes(8));
    }

    private static CertificateRequest Request(string name, ECDsa key) => new("CN=" + name, key, HashAlgorithmName.SHA256);
}
