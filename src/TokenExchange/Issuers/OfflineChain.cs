using System.Security.Cryptography.X509Certificates;

namespace TokenExchange.Issuers;

/// <summary>
/// How the certificate of whoever is at the other end of a connection is judged: by what came with it and by who is trusted here.
/// By default .NET asks the addresses that an incomplete chain names (authority information access, RFC 5280 §4.2.2.1), and waits
/// for them on the thread that reads the connection. Whoever is at the other end wrote them, and nobody has vouched for it yet: it
/// would choose whom this process calls, inside of its network too. Whoever shows a certificate sends its chain along (RFC 8446 §4.4.2).
/// </summary>
public static class OfflineChain
{
    /// <summary>A policy that asks nobody: neither for certificates nor for revocations. Without <paramref name="roots"/> the system's are trusted, else those alone.</summary>
    public static X509ChainPolicy Policy(X509Certificate2Collection? roots = null)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        if (roots is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }

        return policy;
    }
}
