using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Gateway.Configuration.Options;

/// <summary>
/// The section <c>Kestrel</c>, as written. The framework reads endpoints and certificates from it by itself and passes
/// over what it does not understand, be it a client certificate that was to be required; hence the types.
/// </summary>
internal sealed class KestrelOptions
{
    [Description("The addresses to listen on, by a name of your choice.")]
    [Example("""{ "public": { "Url": "https://*:8443", "Certificate": { "Path": "/run/secrets/gateway/tls.crt", "KeyPath": "/run/secrets/gateway/tls.key" } } }""")]
    public Dictionary<string, KestrelEndpointOptions> Endpoints { get; set; } = [];

    [Description("What endpoints do that do not say it themselves.")]
    public KestrelTlsOptions? EndpointDefaults { get; set; }

    [Description("Certificates by name; Default is that of every https endpoint without one of its own.")]
    [Example("""{ "Default": { "Path": "/run/secrets/gateway/tls.crt", "KeyPath": "/run/secrets/gateway/tls.key" } }""")]
    public Dictionary<string, KestrelCertificateOptions> Certificates { get; set; } = [];

    [Description("What a connection may cost. The size of bodies is a server's MaxRequestBody.")]
    public KestrelLimitsOptions Limits { get; set; } = new();
}

/// <summary>How an endpoint speaks, as written.</summary>
internal class KestrelTlsOptions
{
    [Description("The HTTP versions. Default: Http1AndHttp2; over http that is HTTP/1.1, and h2c needs an endpoint of its own with Http2.")]
    [AllowedValues("Http1", "Http2", "Http1AndHttp2", "Http1AndHttp2AndHttp3")]
    public string? Protocols { get; set; }

    [Description("The TLS versions. Default: the operating system's.")]
    [AllowedValues("Tls12", "Tls13")]
    [Example("""["Tls13"]""")]
    public List<string>? SslProtocols { get; set; }

    [Description("Whether a client certificate is asked for. Default: NoCertificate.")]
    [AllowedValues("NoCertificate", "AllowCertificate", "RequireCertificate", "DelayCertificate")]
    public string? ClientCertificateMode { get; set; }
}

/// <summary>A host name at an endpoint, as written.</summary>
internal class KestrelSniOptions : KestrelTlsOptions
{
    [Description("The certificate. Default: Kestrel:Certificates:Default.")]
    [Example("""{ "Path": "/run/secrets/gateway/tls.crt", "KeyPath": "/run/secrets/gateway/tls.key" }""")]
    public KestrelCertificateOptions? Certificate { get; set; }
}

/// <summary>An address to listen on, as written.</summary>
internal sealed class KestrelEndpointOptions : KestrelSniOptions
{
    [Description("The address; * stands for every interface.")]
    [Example("http://*:8080")]
    [Example("https://*:8443")]
    public string? Url { get; set; }

    [Description("What differs by the host name that the client asks for in TLS; *.example.com and * are patterns.")]
    public Dictionary<string, KestrelSniOptions> Sni { get; set; } = [];
}

/// <summary>A certificate, as written: a file, or one of the machine's store.</summary>
internal sealed class KestrelCertificateOptions
{
    [Description("A PEM or PKCS#12 file with the certificate and its chain.")]
    [Example("/run/secrets/gateway/tls.crt")]
    public string? Path { get; set; }

    [Description("The PEM file with the private key, when Path is PEM.")]
    [Example("/run/secrets/gateway/tls.key")]
    public string? KeyPath { get; set; }

    [Description("The password of the file with the private key.")]
    public string? Password { get; set; }

    [Description("The subject of a certificate in a store, in place of Path.")]
    [Example("mcp.example.com")]
    public string? Subject { get; set; }

    [Description("The store. Default: My.")]
    [Example("My")]
    public string? Store { get; set; }

    [Description("Whose store. Default: CurrentUser.")]
    [AllowedValues("CurrentUser", "LocalMachine")]
    public string? Location { get; set; }

    [Description("Whether a certificate of a store is taken that is not valid. Default: false.")]
    public bool? AllowInvalid { get; set; }
}
