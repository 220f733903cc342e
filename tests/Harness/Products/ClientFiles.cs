using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Harness.Products;

/// <summary>The gateway's key and certificate as files, gone afterwards.</summary>
internal sealed class ClientFiles : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("client-").FullName;

    /// <summary>An RSA key for those who want one; the key that products know.</summary>
    public string Rsa => Write("rsa.pem", TestKeys.Rs256.PrivatePem());

    public string Ec => Write("ec.pem", TestKeys.Es256.PrivatePem());

    /// <summary>A key that no product knows.</summary>
    public string Stranger => Write("stranger.pem", TestKeys.Stranger.PrivatePem());

    /// <summary>The certificate of <see cref="Rsa"/>.</summary>
    public string Certificate => Write("client.crt", Self.ExportCertificatePem());

    public static X509Certificate2 Self { get; } = Create();

    public string Write(string name, string content)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static X509Certificate2 Create() =>
        new CertificateRequest("CN=mcp-gateway", TestKeys.Rs256.Rsa!, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
}
