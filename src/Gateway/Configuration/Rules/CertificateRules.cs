using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Configuration.Options;

namespace Gateway.Configuration.Rules;

/// <summary><c>certificate</c>: what Kestrel is to serve TLS with can be loaded, as it would load it, and asked before it starts.</summary>
internal static class CertificateRules
{
    /// <summary>The certificates that Kestrel loads; those of endpoints without TLS and of names that it does not know are not among them.</summary>
    public static IEnumerable<(string Key, KestrelCertificateOptions Certificate)> Served(KestrelOptions kestrel)
    {
        if (kestrel.Certificates.GetValueOrDefault("Default") is { } common)
        {
            yield return ("Kestrel:Certificates:Default", common);
        }

        foreach (var (name, endpoint) in kestrel.Endpoints.Where(endpoint => endpoint.Value?.Url?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true))
        {
            if (endpoint.Certificate is { } own)
            {
                yield return ($"Kestrel:Endpoints:{name}:Certificate", own);
            }

            foreach (var (host, sni) in endpoint.Sni)
            {
                if (sni?.Certificate is { } certificate)
                {
                    yield return ($"Kestrel:Endpoints:{name}:Sni:{host}:Certificate", certificate);
                }
            }
        }
    }

    /// <summary>What Kestrel would serve instead is the certificate of a developer's machine, and nothing where there is none.</summary>
    public static void HttpsHasACertificate(RuleContext context)
    {
        if (context.Kestrel.Certificates.ContainsKey("Default") || context.IsDoubtful("Kestrel:Certificates"))
        {
            return;
        }

        var endpoints = context.Kestrel.Endpoints.Where(endpoint => endpoint.Value is { Certificate: null, Sni.Count: 0 }).Select(endpoint => (Key: $"Kestrel:Endpoints:{endpoint.Key}", endpoint.Value.Url));
        foreach (var (key, url) in context.Kestrel.Endpoints.Count > 0 ? endpoints : context.Listening.Select(url => (Key: "urls", Url: (string?)url)))
        {
            if (url?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true && HostRules.AddressOf(url) is not null && !context.IsDoubtful($"{key}:Certificate"))
            {
                context.Error("certificate", key, $"{ConfiguredUrl.Show(url)} is https and has no certificate; write Kestrel:Certificates:Default, or the endpoint's own Certificate, with Path and KeyPath (docs/install.md#tls), or listen on http behind what terminates TLS.");
            }
        }
    }

    public static void CertificatesCanBeServed(RuleContext context)
    {
        foreach (var (key, certificate) in Served(context.Kestrel))
        {
            if (certificate.Path is not { } path || !File.Exists(path) || (certificate.KeyPath is { } keyPath && !File.Exists(keyPath)))
            {
                continue;
            }

            try
            {
                Judge(context, key, path, certificate);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                FileRules.Missing(context, $"{key}:Path", "The certificate or its key may not be read.");
            }
        }
    }

    /// <summary>Throws what reading a file throws: it may have gone since it was found there.</summary>
    private static void Judge(RuleContext context, string key, string path, KestrelCertificateOptions certificate)
    {
        foreach (var (member, file) in new[] { ("Path", path), ("KeyPath", certificate.KeyPath) })
        {
            if (file is not null && !FileRules.HoldsSomething(file))
            {
                context.Error("certificate", $"{key}:{member}", $"The file {ConfiguredUrl.Show(file)} is empty, or a pipe or device, which cannot be read again; write one of PEM or PKCS#12.");
                return;
            }
        }

        try
        {
            using var loaded = Load(path, certificate);
            if (!loaded.HasPrivateKey)
            {
                context.Error("certificate", $"{key}:Path", $"The file {ConfiguredUrl.Show(path)} holds no private key; write a file that does, or the certificate as PEM with KeyPath.");
            }
            else if (loaded.NotAfter.ToUniversalTime() < context.Clock.GetUtcNow().UtcDateTime)
            {
                context.Warn("certificate", $"{key}:Path", $"The certificate in {ConfiguredUrl.Show(path)} has expired, and clients refuse it; renew it.");
            }
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            var (member, wrong) = Wrong(path, certificate);
            context.Error("certificate", $"{key}:{member}", wrong);
        }
    }

    /// <summary>The certificate of a file with its private key. Throws what reading and parsing throw.</summary>
    public static X509Certificate2 Load(string path, KestrelCertificateOptions certificate)
    {
        if (certificate.KeyPath is not { } keyPath)
        {
            return X509CertificateLoader.LoadPkcs12FromFile(path, certificate.Password);
        }

        using var alone = X509CertificateLoader.LoadCertificateFromFile(path);
        var key = File.ReadAllText(keyPath);
        return certificate.Password is { } password
            ? X509Certificate2.CreateFromEncryptedPem(alone.ExportCertificatePem(), key, password)
            : X509Certificate2.CreateFromPem(alone.ExportCertificatePem(), key);
    }

    /// <summary>The libraries' own texts do not say which of the three values is wrong, and some name a password of a network.</summary>
    private static (string Member, string Message) Wrong(string path, KestrelCertificateOptions certificate)
    {
        var shown = ConfiguredUrl.Show(path);
        if (certificate.KeyPath is { } keyPath)
        {
            var password = certificate.Password is null ? "an encrypted key needs its Password" : "the Password must open it, and is left out for a key that is not encrypted";
            return ("KeyPath", $"{ConfiguredUrl.Show(keyPath)} is not the PEM private key of the first certificate in {shown}; {password}.");
        }

        return File.ReadLines(path).Take(100).Any(line => line.StartsWith("-----BEGIN", StringComparison.Ordinal))
            ? ("KeyPath", $"KeyPath is missing: {shown} is PEM; write the PEM file with its private key.")
            : ("Password", $"{shown} does not open with this Password, or is no PKCS#12 file.");
    }
}
