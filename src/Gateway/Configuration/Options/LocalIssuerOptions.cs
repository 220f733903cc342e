using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Gateway.Configuration.Options;

/// <summary>The local issuer, as written.</summary>
internal sealed class LocalIssuerOptions
{
    [Description("The iss of hop tokens, under PublicUrl; differs from every resource identifier and is never accepted inbound.")]
    [Example("https://mcp.example.com/hop")]
    public string? Issuer { get; set; }

    [Description("The directory of PKCS#8 PEM private keys named <UTC yyyyMMddTHHmmssZ>-<anything>.pem; watched.")]
    [Example("/run/secrets/gateway/signing")]
    public string? KeyDirectory { get; set; }

    [Description("The signature algorithm.")]
    [AllowedValues("ES256", "ES384", "PS256", "RS256")]
    public string Algorithm { get; set; } = "ES256";
}
