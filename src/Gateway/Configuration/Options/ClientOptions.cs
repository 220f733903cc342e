using System.ComponentModel;
using TokenExchange.Issuers;

namespace Gateway.Configuration.Options;

/// <summary>The gateway as a client of an authorization server, as written.</summary>
internal sealed class ClientOptions
{
    [Description("The client identifier.")]
    [Example("mcp-gateway")]
    public string? Id { get; set; }

    [Description("The authentication method.")]
    public ClientAuthenticationMethod? Authentication { get; set; }

    [Description("A file with the secret; re-read when it changes.")]
    [Example("/run/secrets/gateway/client-secret")]
    public string? SecretFile { get; set; }

    [Description("The secret itself; SecretFile is better.")]
    public string? Secret { get; set; }

    [Description("A PEM file with the private key of private_key_jwt or tls_client_auth.")]
    [Example("/run/secrets/gateway/client.pem")]
    public string? KeyFile { get; set; }

    [Description("The kid of client assertions.")]
    [Example("gateway-2026")]
    public string? KeyId { get; set; }

    [Description("A PEM file with the certificate of KeyFile.")]
    [Example("/run/secrets/gateway/client.crt")]
    public string? CertificateFile { get; set; }

    [Description("A file with a ready assertion: a projected service-account token or a SPIFFE JWT-SVID.")]
    [Example("/var/run/secrets/gateway/token")]
    public string? AssertionFile { get; set; }

    [Description("The aud of client assertions. Default: the issuer.")]
    [Example("https://login.example.com/realms/corp/protocol/openid-connect/token")]
    public string? AssertionAudience { get; set; }

    [Description("What AssertionFile holds, as the authorization server is told: jwt-bearer (RFC 7523), or jwt-spiffe for a JWT-SVID where it takes those.")]
    public AssertionType AssertionType { get; set; } = AssertionType.JwtBearer;
}
