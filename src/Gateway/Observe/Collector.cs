using System.Security.Cryptography;
using System.Text;
using OpenTelemetry.Exporter;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;

namespace Gateway.Observe;

/// <summary>
/// The connection to the collector: its certificate is judged as everybody's (<see cref="OfflineChain"/>), and it sends the exporter nowhere
/// else, least of all with the headers that <c>OTEL_EXPORTER_OTLP_HEADERS</c> gave for it alone.
/// </summary>
internal static class Collector
{
    /// <summary>The standard variables that name PEM files: who vouches for the collector, and what is shown to it.</summary>
    private const string Authority = "OTEL_EXPORTER_OTLP_CERTIFICATE";
    private const string Certificate = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
    private const string Key = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

    /// <summary>Has the exporter connect so. Throws <see cref="ConfigurationException"/> when a file that a variable names cannot be used.</summary>
    public static void Connect(OtlpExporterOptions options) => Connect(options, Environment.GetEnvironmentVariable);

    internal static void Connect(OtlpExporterOptions options, Func<string, string?> variables)
    {
        var roots = Read(Authority, FileContent.Public, PemCertificates.Read);
        var chain = Read(Certificate, FileContent.Public, PemCertificates.Read);
        var shown = Read(Key, FileContent.Key, key => PemCertificates.Present(chain ?? throw new ArgumentException("There is no certificate beside it."), Encoding.UTF8.GetString(key)));
        if (chain is not null && shown is null)
        {
            throw new ConfigurationException($"{Certificate} is of no use without {Key}, which names the file of its private key.");
        }

        options.HttpClientFactory = () =>
        {
            var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
            handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy(roots);
            handler.SslOptions.ClientCertificateContext = shown;
            return new HttpClient(handler) { Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds) };
        };

        T? Read<T>(string variable, FileContent content, Func<byte[], T> read)
            where T : class
        {
            if (variables(variable) is not { Length: > 0 } file)
            {
                return null;
            }

            try
            {
                return read(PrivateFile.Read(file, content));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PrivateFileException or CryptographicException or ArgumentException)
            {
                throw new ConfigurationException($"{variable} names '{file}', which cannot be used: {exception.Message}");
            }
        }
    }
}
