using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using TokenExchange.Issuers;

namespace Gateway.Configuration.Options;

/// <summary>The section <c>Gateway</c> of gateway.json, as written; a null is a value that was not given.</summary>
internal sealed class GatewayOptions
{
    [Description("The origin under which clients reach the gateway. The only source of resource identifiers; the Host header never is.")]
    [Example("https://mcp.example.com")]
    public string? PublicUrl { get; set; }

    [Description("The authorization servers, by a name of your choice.")]
    public Dictionary<string, AuthorizationServerOptions> AuthorizationServers { get; set; } = [];

    [Description("Mints hop tokens here, where no authorization server can.")]
    [Example("""{ "Issuer": "https://mcp.example.com/hop", "KeyDirectory": "/run/secrets/gateway/signing" }""")]
    public LocalIssuerOptions? LocalIssuer { get; set; }

    [Description("The bounds of the hop tokens remembered in memory.")]
    public CacheOptions Cache { get; set; } = new();

    [Description("A file with one base64 key of 32 or more bytes per line; the first signs session ids, all verify. Shared by all replicas. Default: a key per process.")]
    [Example("/run/secrets/gateway/session-keys")]
    public string? SessionKeyFile { get; set; }

    [Description("Where audit events go besides the log.")]
    public AuditOptions Audit { get; set; } = new();

    [Description("The listener for metrics, detailed health and the read-only page. Default: none.")]
    [Example("""{ "Url": "http://127.0.0.1:9090" }""")]
    public ManagementOptions? Management { get; set; }

    [Description("CIDR ranges of proxies whose X-Forwarded-For names the client address in the audit.")]
    [Example("""["10.0.0.0/8"]""")]
    public List<string> TrustedProxies { get; set; } = [];

    [Description("A PEM file with the private key that hop tokens are bound to where Outbound:Bind is dpop: EC P-256 or P-384, or RSA of 2048 bits or more; re-read when it changes. Default: a key per process.")]
    [Example("/run/secrets/gateway/sender.pem")]
    public string? SenderKeyFile { get; set; }

    [Description("CIDR ranges of proxies whose Client-Cert header (RFC 9440) is believed: it proves a token that is bound to a certificate.")]
    [Example("""["10.0.0.0/8"]""")]
    public List<string> ClientCertProxies { get; set; } = [];

    [Description("How long the gateway goes on serving after readiness has failed, before it stops.")]
    [Example("00:00:15")]
    [DurationRange("00:00:00", "00:10:00")]
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(5);

    [Description("The most bytes of request bodies, and of filtered lists and large events that clients have yet to read, held at a time; one principal holds a quarter of it at most. Beyond it: 503, overloaded. Never more than a quarter of the memory that the process may use, which is three quarters of a container's limit.")]
    [Range(64 * 1024, 1L << 40)]
    public long MaxBodyBytesHeld { get; set; } = 128 * 1024 * 1024;

    [Description("Serves requests on the threads that wait for sockets, which saves up to half of the CPU (docs/performance.md has the figures). Off: on the thread pool's.")]
    public bool InlineScheduling { get; set; } = true;

    [Description("What all replicas share: revocations, and which ids were used. Default: each process knows its own alone.")]
    [Example("""{ "Redis": { "Endpoints": ["redis:6379"], "PasswordFile": "/run/secrets/gateway/redis-password" } }""")]
    public SharedStateOptions? SharedState { get; set; }

    [Description("The MCP servers, by id.")]
    public Dictionary<string, ServerOptions> Servers { get; set; } = [];
}

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

/// <summary>RFC 7662, as written.</summary>
internal sealed class IntrospectionOptions
{
    [Description("Where to ask. Default: what the metadata names.")]
    [Example("https://login.example.com/realms/corp/protocol/openid-connect/token/introspect")]
    public string? Endpoint { get; set; }

    [Description("opaque: only tokens that are no JWT. always: JWTs too.")]
    public IntrospectionMode Mode { get; set; } = IntrospectionMode.Opaque;

    [Description("How long an answer is remembered.")]
    [Example("00:00:10")]
    [DurationRange("00:00:00", "00:05:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromSeconds(30);
}

internal enum IntrospectionMode
{
    [JsonStringEnumMemberName("opaque")]
    Opaque,

    [JsonStringEnumMemberName("always")]
    Always,
}

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

/// <summary>The cache of hop tokens, as written.</summary>
internal sealed class CacheOptions
{
    [Description("The most hop tokens remembered.")]
    [Range(1, 10_000_000)]
    public int Capacity { get; set; } = 100_000;

    [Description("The longest time that a hop token is served from memory.")]
    [Example("00:01:00")]
    [DurationRange("00:00:01", "01:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>The audit, as written.</summary>
internal sealed class AuditOptions
{
    [Description("A file that audit events are appended to, one JSON object per line.")]
    [Example("/var/log/gateway/audit.jsonl")]
    public string? File { get; set; }

    [Description("What happens when the file cannot keep up: block requests, or drop events and count them.")]
    public AuditOnFull OnFull { get; set; } = AuditOnFull.Block;
}

internal enum AuditOnFull
{
    [JsonStringEnumMemberName("block")]
    Block,

    [JsonStringEnumMemberName("drop")]
    Drop,
}

/// <summary>The management listener, as written.</summary>
internal sealed class ManagementOptions
{
    [Description("The address to listen on; reachable by operators only.")]
    [Example("http://127.0.0.1:9090")]
    [Example("http://*:9090")]
    public string? Url { get; set; }

    [Description("Serves the read-only page.")]
    public bool Page { get; set; }

    [Description("Names under which the listener is asked, besides addresses, localhost and the name in Url; any other is answered 421, but for the bare status of /healthz.")]
    [Example("""["gateway-metrics.mcp.svc"]""")]
    public List<string> AllowedHosts { get; set; } = [];
}
