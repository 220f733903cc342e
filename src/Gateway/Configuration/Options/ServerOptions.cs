using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Gateway.Configuration.Options;

/// <summary>One MCP server, as written.</summary>
internal sealed class ServerOptions
{
    [Description("The path under PublicUrl. Default: /{id}. PublicUrl + Path is the resource identifier. What the gateway keeps for itself (/.well-known, /healthz, /oauth and others) is no server's, of one at / neither.")]
    [Example("/weather")]
    public string? Path { get; set; }

    [Description("The MCP server's addresses; what follows Path in a request is appended. A Unix socket is written http://unix:/run/mcp.sock:/mcp.")]
    [Example("""["http://weather-mcp.mcp.svc:8080/mcp"]""")]
    public List<string>? Destinations { get; set; }

    [Description("streamable-http, or http+sse for servers of 2024-11-05 (the destination is then the base URL).")]
    public McpTransport Transport { get; set; } = McpTransport.StreamableHttp;

    [Description("The inbound authorization servers trusted here. Required when several are inbound.")]
    [Example("""["corp"]""")]
    public List<string>? AuthorizationServers { get; set; }

    [Description("Further exact aud values that identify this server.")]
    [Example("""["api://weather"]""")]
    public List<string> AcceptedAudiences { get; set; } = [];

    [Description("refuse: beside this server's audience only companions may stand. allow: anything may.")]
    public MultipleAudiences MultipleAudiences { get; set; } = MultipleAudiences.Refuse;

    [Description("The only clients admitted, each as it is called; * is no pattern here. Default: any.")]
    [Example("""["support-desk"]""")]
    public List<string>? AllowedClients { get; set; }

    [Description("Claims that a token must carry here.")]
    [Example("""[{ "Claim": "tid", "AnyOf": ["acme"] }]""")]
    public List<RequiredClaimOptions> RequiredClaims { get; set; } = [];

    [Description("Scopes that every request here needs.")]
    [Example("""["mcp.access"]""")]
    public List<string> RequiredScopes { get; set; } = [];

    [Description("Rules by MCP operation; the first match wins.")]
    [Example("""[{ "Method": "tools/call", "Name": "delete_*", "Scopes": ["weather:write"] }, { "Method": "resources/*", "Deny": true }]""")]
    public List<OperationOptions> Operations { get; set; } = [];

    [Description("What happens to operations that no rule matches.")]
    public OtherOperations OtherOperations { get; set; } = OtherOperations.Allow;

    [Description("strict: where a rule names URIs, one that some server could read as another is refused. as-is: rules see the spelling, and a server may serve what a rule denies under another one.")]
    public ResourceUris ResourceUris { get; set; } = ResourceUris.Strict;

    [Description("Scopes that stand for others.")]
    [Example("""[{ "Scope": "admin", "Implies": ["weather:write"] }]""")]
    public List<ImpliedScopeOptions> ImpliedScopes { get; set; } = [];

    [Description("Shows a caller only the tools that its rules allow, in lists that leave with cacheScope private.")]
    public bool FilterLists { get; set; }

    [Description("Put before scopes in challenges and metadata (Entra: api://…/).")]
    [Example("api://weather/")]
    public string? ScopePrefix { get; set; }

    [Description("The scopes in the resource document, and where RequiredScopes is empty in the challenge without a token. Default: what the rules name.")]
    [Example("""["weather:read"]""")]
    public List<string>? AdvertisedScopes { get; set; }

    [Description("What the MCP server gets in place of the inbound token.")]
    [Example("""{ "Mode": "exchange", "AuthorizationServer": "corp", "Resource": "https://weather.internal/mcp" }""")]
    public OutboundOptions? Outbound { get; set; }

    [Description("Origins admitted besides PublicUrl's own, as browsers send them: of web pages, extensions and desktop apps, and of any scheme.")]
    [Example("""["https://inspector.example.com"]""")]
    public List<string> AllowedOrigins { get; set; } = [];

    [Description("Takes only tokens that are bound to their call (mcp_call), each once: for a gateway behind one with BindCall.")]
    public bool RequireCallBinding { get; set; }

    [Description("Further request headers to pass on; never credentials.")]
    [Example("""["X-Tenant"]""")]
    public List<string> ForwardHeaders { get; set; } = [];

    [Description("Claims of the caller's token that a server which cannot read tokens is told in headers; destinations on loopback or Unix sockets only.")]
    [Example("""[{ "Header": "X-Forwarded-User", "Claim": "sub" }]""")]
    public List<IdentityHeaderOptions> IdentityHeaders { get; set; } = [];

    [Description("The largest request body in bytes.")]
    [Range(1, 256 * 1024 * 1024)]
    public long MaxRequestBody { get; set; } = 4 * 1024 * 1024;

    [Description("The longest that a request body may take to arrive, however steadily it does.")]
    [Example("00:01:00")]
    [DurationRange("00:00:00.100", "01:00:00")]
    public TimeSpan RequestBodyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    [Description("TLS towards the MCP server: a private certificate authority, a client certificate. The files are re-read when they change.")]
    [Example("""{ "CaFile": "/run/secrets/weather/ca.crt", "CertificateFile": "/run/secrets/weather/tls.crt", "KeyFile": "/run/secrets/weather/tls.key" }""")]
    public TlsOptions? Tls { get; set; }

    [Description("optional: bearer tokens and tokens bound to a key or certificate. required: bound tokens alone.")]
    public SenderConstraint SenderConstraint { get; set; } = SenderConstraint.Optional;

    [Description("What is asked of DPoP proofs (RFC 9449).")]
    [Example("""{ "Nonce": "required", "ContentDigest": "required" }""")]
    public DPoPOptions DPoP { get; set; } = new();

    [Description("A policy decision point that is asked, by OpenID AuthZEN, before anything is sent.")]
    [Example("""{ "Url": "https://pdp.internal/access/v1/evaluation", "Arguments": true }""")]
    public PolicyOptions? Policy { get; set; }

    [Description("How long a stream may be silent.")]
    [Example("00:05:00")]
    [DurationRange("00:00:00.100", "1.00:00:00")]
    public TimeSpan StreamIdleTimeout { get; set; } = TimeSpan.FromMinutes(15);

    [Description("The longest that the answer to one request may take.")]
    [Example("00:10:00")]
    [DurationRange("00:00:00.100", "1.00:00:00")]
    public TimeSpan MaxResponseDuration { get; set; } = TimeSpan.FromHours(1);

    [Description("YARP's own cluster keys.")]
    [Example("""{ "LoadBalancingPolicy": "RoundRobin" }""")]
    public ClusterOptions Cluster { get; set; } = new();
}

internal enum MultipleAudiences
{
    [JsonStringEnumMemberName("refuse")]
    Refuse,

    [JsonStringEnumMemberName("allow")]
    Allow,
}

internal enum OtherOperations
{
    [JsonStringEnumMemberName("allow")]
    Allow,

    [JsonStringEnumMemberName("deny")]
    Deny,
}

internal enum ResourceUris
{
    [JsonStringEnumMemberName("strict")]
    Strict,

    [JsonStringEnumMemberName("as-is")]
    AsIs,
}

internal enum SenderConstraint
{
    [JsonStringEnumMemberName("optional")]
    Optional,

    [JsonStringEnumMemberName("required")]
    Required,
}
