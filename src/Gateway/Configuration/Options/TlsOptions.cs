using System.ComponentModel;

namespace Gateway.Configuration.Options;

/// <summary>TLS towards an MCP server, as written.</summary>
internal sealed class TlsOptions
{
    [Description("A PEM file with the certificate authorities that may vouch for the server; no others then do. Default: those of the system.")]
    [Example("/run/secrets/weather/ca.crt")]
    public string? CaFile { get; set; }

    [Description("A PEM file with the certificate that the gateway shows the server, its intermediates after it.")]
    [Example("/run/secrets/weather/tls.crt")]
    public string? CertificateFile { get; set; }

    [Description("A PEM file with the private key of CertificateFile.")]
    [Example("/run/secrets/weather/tls.key")]
    public string? KeyFile { get; set; }
}
