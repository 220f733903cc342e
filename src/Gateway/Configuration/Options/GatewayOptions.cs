using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

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
