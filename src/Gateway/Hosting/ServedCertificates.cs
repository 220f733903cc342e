using System.Collections.Frozen;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gateway.Configuration.Options;
using Gateway.Configuration.Rules;

namespace Gateway.Hosting;

/// <summary>
/// The certificates that Kestrel serves, as their files hold them now: looked at when somebody connects, at most once a second.
/// Kestrel's own watching misses the link that Kubernetes swaps, and would close the listener and its connections for a new
/// certificate. What does not fit together, as between the two writes of a rotation, changes nothing and is logged.
/// </summary>
internal sealed class ServedCertificates
{
    /// <summary>By the thumbprint of what Kestrel has loaded at the start, by which alone a connection says whose turn it is.</summary>
    private readonly FrozenDictionary<string, ServedCertificate> served;

    public ServedCertificates(IEnumerable<(string Key, KestrelCertificateOptions Certificate)> written, TimeProvider clock, ILogger<ServedCertificates> log) =>
        served = written.Where(each => each.Certificate.Path is not null).Select(each => new ServedCertificate(each.Key, each.Certificate, clock, log)).Where(each => each.Thumbprint is not null)
            .DistinctBy(each => each.Thumbprint).ToFrozenDictionary(each => each.Thumbprint!);

    /// <summary>Puts the certificate of now in the place of the one that the process has started with.</summary>
    public void Renew(SslServerAuthenticationOptions tls)
    {
        var started = tls.ServerCertificateContext?.TargetCertificate ?? tls.ServerCertificate as X509Certificate2;
        if (started is not null && served.TryGetValue(started.Thumbprint, out var certificate) && certificate.Now() is { } renewed)
        {
            (tls.ServerCertificateContext, tls.ServerCertificate) = (renewed, null);
        }
    }
}

/// <summary>One certificate with its key and its chain, as its files hold it.</summary>
internal sealed class ServedCertificate
{
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string key;
    private readonly KestrelCertificateOptions files;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private byte[]? seen;
    private volatile SslStreamCertificateContext? renewed;
    private long lookedAt;
    private long? unfitSince;
    private bool told;

    public ServedCertificate(string key, KestrelCertificateOptions files, TimeProvider clock, ILogger log)
    {
        (this.key, this.files, this.clock, this.log) = (key, files, clock, log);
        try
        {
            seen = Digest();
            using var certificate = CertificateRules.Load(files.Path!, files);
            Thumbprint = certificate.Thumbprint;
        }
        catch (Exception exception) when (IsOfFile(exception))
        {
            // Kestrel says the same, and does not start.
        }

        lookedAt = clock.GetTimestamp();
    }

    /// <summary>That of the start; null when there was none.</summary>
    public string? Thumbprint { get; }

    /// <summary>What has taken the place of the certificate of the start; null as long as nothing has.</summary>
    public SslStreamCertificateContext? Now()
    {
        // Whoever connects while another looks takes what is known.
        if (clock.GetElapsedTime(Interlocked.Read(ref lookedAt)) >= Often && gate.TryEnter())
        {
            try
            {
                Look();
            }
            finally
            {
                Interlocked.Exchange(ref lookedAt, clock.GetTimestamp());
                gate.Exit();
            }
        }

        return renewed;
    }

    private void Look()
    {
        try
        {
            var digest = Digest();
            if (!digest.AsSpan().SequenceEqual(seen))
            {
                renewed = Load();
                seen = digest;
                log.CertificateRenewed(key, renewed.TargetCertificate.Thumbprint, renewed.TargetCertificate.NotAfter.ToUniversalTime());
            }

            (unfitSince, told) = (null, false);
        }
        catch (Exception exception) when (IsOfFile(exception))
        {
            // Once, and not in the middle of a rotation.
            unfitSince ??= clock.GetTimestamp();
            if (!told && clock.GetElapsedTime(unfitSince.Value) >= Patience)
            {
                told = true;
                log.CertificateRefused(key, exception.GetType().Name);
            }
        }
    }

    private byte[] Digest() => SHA256.HashData([.. SHA256.HashData(File.ReadAllBytes(files.Path!)), .. files.KeyPath is { } path ? SHA256.HashData(File.ReadAllBytes(path)) : []]);

    private SslStreamCertificateContext Load()
    {
        var certificate = CertificateRules.Load(files.Path!, files);
        if (!certificate.HasPrivateKey)
        {
            throw new CryptographicException("There is no private key.");
        }

        X509Certificate2Collection chain = [];
        if (files.KeyPath is null)
        {
            chain = X509CertificateLoader.LoadPkcs12CollectionFromFile(files.Path!, files.Password);
        }
        else
        {
            chain.ImportFromPemFile(files.Path!);
        }

        // Windows serves no key that is not in one of its stores.
        return SslStreamCertificateContext.Create(OperatingSystem.IsWindows() ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) : certificate, chain, offline: true);
    }

    private static bool IsOfFile(Exception exception) => exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;
}

internal static partial class ServedCertificateEvents
{
    [LoggerMessage(1605, LogLevel.Information, "{Key} is served anew: {Thumbprint}, until {NotAfter:O}", EventName = "CertificateRenewed")]
    public static partial void CertificateRenewed(this ILogger logger, string key, string thumbprint, DateTime notAfter);

    [LoggerMessage(1606, LogLevel.Error, "{Key} was changed and cannot be served ({Problem}); the certificate before it stays", EventName = "CertificateRefused")]
    public static partial void CertificateRefused(this ILogger logger, string key, string problem);
}
