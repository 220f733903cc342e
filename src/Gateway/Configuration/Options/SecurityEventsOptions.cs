using System.ComponentModel;

namespace Gateway.Configuration.Options;

/// <summary>Security events about one authorization server's tokens, as written.</summary>
internal sealed class SecurityEventsOptions
{
    [Description("What the aud of a security event token must hold.")]
    [Example("https://mcp.example.com/security-events/corp")]
    public string? Audience { get; set; }

    [Description("A file with the bearer token that the sender must show. Default: the signature alone counts.")]
    [Example("/run/secrets/gateway/events-token")]
    public string? TokenFile { get; set; }

    [Description("The iss of the sender, where it is not the authorization server itself.")]
    [Example("https://risk.example.com")]
    public string? Issuer { get; set; }

    [Description("Where the keys of that sender are. Default: what its metadata says.")]
    [Example("https://risk.example.com/jwks.json")]
    public string? JwksUrl { get; set; }
}
