using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Gateway.Configuration.Options;

/// <summary>An authorization server, as written.</summary>
internal sealed class AuthorizationServerOptions
{
    [Description("The exact value of the iss claim.")]
    [Example("https://login.example.com/realms/corp")]
    [Example("https://login.microsoftonline.com/TENANT/v2.0")]
    public string? Issuer { get; set; }

    [Description("Whether its tokens are accepted from clients. false: only asked for exchanges.")]
    public bool Inbound { get; set; } = true;

    [Description("Where its metadata is. Default: the RFC 8414 well-known address of Issuer, then OpenID discovery.")]
    [Example("https://login.example.com/realms/corp/.well-known/openid-configuration")]
    public string? MetadataUrl { get; set; }

    [Description("Where its keys are. Given: no discovery for keys.")]
    [Example("https://login.example.com/realms/corp/protocol/openid-connect/certs")]
    public string? JwksUrl { get; set; }

    [Description("Where exchanges are asked for. Given: no discovery for exchanges.")]
    [Example("https://login.example.com/realms/corp/protocol/openid-connect/token")]
    public string? TokenEndpoint { get; set; }

    [Description("How often its keys are fetched anew.")]
    [Example("00:15:00")]
    [DurationRange("00:00:01", "1.00:00:00")]
    public TimeSpan KeyRefresh { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Allows http to hosts other than loopback.")]
    public bool AllowHttp { get; set; }

    [Description("The signature algorithms accepted; asymmetric only. EdDSA and Ed25519 are one and the same.")]
    [Example("""["ES256"]""")]
    [Example("""["ES256", "ES384", "PS256", "RS256"]""")]
    public List<string> Algorithms { get; set; } = ["ES256", "PS256", "RS256"];

    [Description("The header types accepted. Default by profile: at+jwt, and JWT too for products that stamp nothing better.")]
    [AllowedValues("at+jwt", "JWT")]
    [Example("""["at+jwt"]""")]
    [Example("""["at+jwt", "JWT"]""")]
    public List<string>? TokenTypes { get; set; }

    [Description("How far its clock may be off.")]
    [Example("00:00:10")]
    [DurationRange("00:00:00", "00:05:00")]
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    [Description("The longest life of an inbound token.")]
    [Example("01:00:00")]
    [DurationRange("00:00:01", "31.00:00:00")]
    public TimeSpan MaxTokenLifetime { get; set; } = TimeSpan.FromDays(1);

    [Description("Audiences that may stand beside a server's own. They never identify a server. Default: the effective Client:Id.")]
    [Example("""["mcp-gateway", "https://acme.eu.auth0.com/userinfo"]""")]
    public List<string>? CompanionAudiences { get; set; }

    [Description("Asks whether an inbound token is still active (RFC 7662).")]
    [Example("""{ "Mode": "opaque" }""")]
    [Example("""{ "Mode": "always", "MaxAge": "00:00:10" }""")]
    public IntrospectionOptions? Introspection { get; set; }

    [Description("Accepts OpenID back-channel logouts at /backchannel-logout/{name}.")]
    public bool BackchannelLogout { get; set; }

    [Description("Accepts security event tokens (RFC 8417) at /security-events/{name}: CAEP and RISC events that end tokens before their time.")]
    [Example("""{ "Audience": "https://mcp.example.com/security-events/corp" }""")]
    public SecurityEventsOptions? SecurityEvents { get; set; }

    [Description("Stands before it for clients that cannot register there: metadata, registration, consent and tokens at /oauth/{name}.")]
    [Example("""{ "ClientId": "11111111-2222-3333-4444-555555555555", "RedirectUris": ["http://127.0.0.1:*/callback"], "Scopes": { "weather": ["api://weather/access"] } }""")]
    public RegistrationOptions? Registration { get; set; }

    [Description("How the product exchanges.")]
    [AllowedValues("rfc8693", "keycloak", "entra-obo", "auth0-obo", "okta", "zitadel", "authentik", "openiddict", "spring", "tokendings", "cognito", "workos", "id-jag")]
    public string Profile { get; set; } = "rfc8693";

    [Description("How the gateway authenticates there.")]
    [Example("""{ "Id": "mcp-gateway", "Authentication": "private_key_jwt", "KeyFile": "/run/secrets/gateway/client.pem" }""")]
    [Example("""{ "Id": "mcp-gateway", "Authentication": "client_secret_basic", "SecretFile": "/run/secrets/gateway/client-secret" }""")]
    public ClientOptions? Client { get; set; }

    [Description("Accepts answers without issued_token_type, against RFC 8693.")]
    public bool AllowMissingIssuedTokenType { get; set; }

    [Description("The time limit of one request to it.")]
    [Example("00:00:10")]
    [DurationRange("00:00:00.050", "00:01:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("Further parameters of the token request; may name no OAuth or RFC 8693 parameter.")]
    [Example("""{ "tenant": "acme" }""")]
    public Dictionary<string, string> ExtraParameters { get; set; } = [];
}
