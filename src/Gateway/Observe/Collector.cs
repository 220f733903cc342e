using OpenTelemetry.Exporter;
using TokenExchange.Issuers;

namespace Gateway.Observe;

/// <summary>The connection to the collector.</summary>
internal static class Collector
{
    /// <summary>The variables by which the exporter is given certificates; it then judges the collector's by itself.</summary>
    private static readonly string[] CertificateVariables = ["OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];

    /// <summary>Has the collector's certificate judged as everybody's (<see cref="OfflineChain"/>).</summary>
    public static void Connect(OtlpExporterOptions options)
    {
        if (CertificateVariables.All(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))))
        {
            options.HttpClientFactory = () =>
            {
                var handler = new SocketsHttpHandler();
                handler.SslOptions.CertificateChainPolicy = OfflineChain.Policy();
                return new HttpClient(handler) { Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds) };
            };
        }
    }
}
