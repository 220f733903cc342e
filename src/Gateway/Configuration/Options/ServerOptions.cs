using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using TokenExchange.Inbound.Proof;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

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

/// <summary>What is asked of DPoP proofs, as written.</summary>
internal sealed class DPoPOptions
{
    [Description("How far the time of a proof may be off; also how long a nonce is good.")]
    [Example("00:01:00")]
    [DurationRange("00:00:01", "01:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(5);

    [Description("The most proofs remembered, so that none is taken twice. When it is full, requests with a proof are refused (503); none is forgotten early.")]
    [Range(1, 100_000_000)]
    public int ReplayCapacity { get; set; } = 1_000_000;

    [Description("required: a proof must hold a nonce of the gateway's.")]
    public DPoPNonce Nonce { get; set; } = DPoPNonce.Off;

    [Description("required: the proof of a request with a body must hold the digest of the body. if-present: a digest that is there must be right.")]
    public DPoPContentDigest ContentDigest { get; set; } = DPoPContentDigest.IfPresent;

    [Description("The signature algorithms of proofs; asymmetric only.")]
    [Example("""["ES256"]""")]
    public List<string> Algorithms { get; set; } = [.. DPoPSettings.DefaultAlgorithms];
}

internal enum DPoPNonce
{
    [JsonStringEnumMemberName("off")]
    Off,

    [JsonStringEnumMemberName("required")]
    Required,
}

internal enum DPoPContentDigest
{
    [JsonStringEnumMemberName("if-present")]
    IfPresent,

    [JsonStringEnumMemberName("required")]
    Required,
}

/// <summary>A claim that a token must carry, as written.</summary>
internal sealed class RequiredClaimOptions
{
    [Description("The claim's name.")]
    [Example("tid")]
    public string? Claim { get; set; }

    [Description("The values of which the claim must have one, compared exactly: with a string, with a number or a boolean as the token spells it, or with the strings of an array.")]
    [Example("""["acme"]""")]
    public List<string>? AnyOf { get; set; }
}

/// <summary>A header that tells a claim, as written.</summary>
internal sealed class IdentityHeaderOptions
{
    [Description("The header's name. The client's own lines of that name never pass.")]
    [Example("X-Forwarded-User")]
    public string? Header { get; set; }

    [Description("The claim of the inbound token: a text, a whole number or a truth value. A token without it, or with one that is not safe in a header, is refused (claim_refused).")]
    [Example("sub")]
    public string? Claim { get; set; }
}

/// <summary>A rule for MCP operations, as written.</summary>
internal sealed class OperationOptions
{
    [Description("The JSON-RPC method; * matches any run of characters.")]
    [Example("tools/call")]
    [Example("tools/*")]
    [Example("resources/read")]
    [Example("prompts/get")]
    public string? Method { get; set; }

    [Description("The tool's or prompt's name, the resource's URI, the task's id, or what a completion refers to; * matches any run of characters. Default: any.")]
    [Example("delete_*")]
    public string? Name { get; set; }

    [Description("The scopes that the operation needs, all of them.")]
    [Example("""["weather:write"]""")]
    public List<string>? Scopes { get; set; }

    [Description("Refuses the operation.")]
    public bool Deny { get; set; }

    [Description("Lets a call pass once, when the token holds the user's approval of exactly this call (experimental).")]
    public bool Approval { get; set; }
}

/// <summary>A scope that stands for others, as written.</summary>
internal sealed class ImpliedScopeOptions
{
    [Description("The scope that a token carries.")]
    [Example("admin")]
    public string? Scope { get; set; }

    [Description("The scopes that it stands for.")]
    [Example("""["weather:write"]""")]
    public List<string>? Implies { get; set; }
}

/// <summary>The outbound credential, as written.</summary>
internal sealed class OutboundOptions
{
    /// <summary>How long hop tokens of mode local live where <see cref="Lifetime"/> says nothing.</summary>
    public static readonly TimeSpan UsualLifetime = TimeSpan.FromMinutes(2);

    [Description("Where the outbound credential comes from. There is no default: it must be said.")]
    public OutboundMode? Mode { get; set; }

    [Description("exchange: the authorization server asked.")]
    [Example("corp")]
    public string? AuthorizationServer { get; set; }

    [Description("exchange: overrides the authorization server's client for this server.")]
    public ClientOptions? Client { get; set; }

    [Description("exchange, local, and in every mode for a Unix socket: the RFC 8707 identifier of the MCP server. Default: its only destination, but a socket is none.")]
    [Example("https://weather.internal/mcp")]
    public string? Resource { get; set; }

    [Description("exchange: the logical name, for authorization servers that want audience.")]
    [Example("weather-mcp")]
    public string? Audience { get; set; }

    [Description("The only outbound scopes. Default: all mapped inbound scopes.")]
    [Example("""["weather.read"]""")]
    public List<string>? Scopes { get; set; }

    [Description("Which inbound scope becomes which outbound scopes. Default: each scope is itself.")]
    [Example("""[{ "Inbound": "mcp.access", "Outbound": ["weather.read"] }]""")]
    public List<ScopeMapOptions>? ScopeMap { get; set; }

    [Description("Asks for the scopes of the matched operation rule alone.")]
    public bool NarrowToOperation { get; set; }

    [Description("exchange: the authorization server that signs results. Default: the one asked.")]
    [Example("corp")]
    public string? ResultIssuer { get; set; }

    [Description("exchange: the audiences a result may carry. Default: Audience, else Resource.")]
    [Example("""["weather-mcp"]""")]
    public List<string>? ResultAudiences { get; set; }

    [Description("exchange: jwt, or opaque (cannot be verified by signature).")]
    public ResultFormat ResultFormat { get; set; } = ResultFormat.Jwt;

    [Description("exchange: scopes that the authorization server adds by itself.")]
    [Example("""["openid", "profile", "email"]""")]
    public List<string>? ExtraResultScopes { get; set; }

    [Description("exchange: claims that must be present and equal in inbound token and result. Default: sub (entra-obo: oid, tid).")]
    [Example("""["sub"]""")]
    [Example("""["oid", "tid"]""")]
    public List<string>? SubjectClaims { get; set; }

    [Description("exchange: subjects of other issuers may be sent to this authorization server.")]
    public bool ForeignSubjects { get; set; }

    [Description("exchange: the longest life of a result. Default: 01:00:00 (entra-obo: 01:35:00).")]
    [Example("00:10:00")]
    [DurationRange("00:00:01", "1.00:00:00")]
    public TimeSpan? MaxLifetime { get; set; }

    [Description("exchange: how long past the end of the inbound token a result may live. Default: MaxLifetime (tokendings, spring: 00:05:00). Write 00:00:00 where the authorization server never goes beyond the subject token's end.")]
    [Example("00:05:00")]
    [DurationRange("00:00:00", "1.00:00:00")]
    public TimeSpan? MaxOutlive { get; set; }

    [Description("exchange: keep: the authorization details of a result are among the inbound token's (RFC 9396), and some where it has some. any: they are not looked at.")]
    public AuthorityChange AuthorizationDetails { get; set; } = AuthorityChange.Keep;

    [Description("exchange: keep: an inbound act is found whole in the result (RFC 8693). any: it may be lost or replaced.")]
    public AuthorityChange ActorChain { get; set; } = AuthorityChange.Keep;

    [Description("exchange: a token of the actor who asks, sent as actor_token.")]
    [Example("""{ "File": "/var/run/secrets/gateway/actor.jwt", "Type": "jwt" }""")]
    public ActorTokenOptions? ActorToken { get; set; }

    [Description("local: the life of a hop token. Default: 00:02:00.")]
    [Example("00:01:00")]
    [DurationRange("00:00:01", "00:05:00")]
    public TimeSpan? Lifetime { get; set; }

    [Description("local: inbound claims carried over.")]
    [Example("""["email"]""")]
    public List<string> Claims { get; set; } = [];

    [Description("local: as-is, or issuer-qualified when several issuers are trusted.")]
    public LocalSubject? Subject { get; set; }

    [Description("exchange, local: none, or dpop: hop tokens are bound to the gateway's key (RFC 9449), and every request to the MCP server carries a proof.")]
    public OutboundBinding Bind { get; set; } = OutboundBinding.None;

    [Description("local: each request gets a hop token of its own, for 30 s at most, bound to the server, method, name and body of the call.")]
    public bool BindCall { get; set; }

    [Description("credential: the header that carries the static credential. Default: Authorization.")]
    [Example("X-Api-Key")]
    public string? Header { get; set; }

    [Description("credential: what stands before the credential in the header (for example 'Bearer ').")]
    [Example("Bearer ")]
    public string? Prefix { get; set; }

    [Description("credential: the file that holds the credential; re-read when it changes.")]
    [Example("/run/secrets/gateway/legacy-api-key")]
    public string? File { get; set; }

    [Description("same-token: allows a destination that is not loopback.")]
    public bool AllowRemote { get; set; }
}

internal enum OutboundMode
{
    [JsonStringEnumMemberName("exchange")]
    Exchange,

    [JsonStringEnumMemberName("local")]
    Local,

    [JsonStringEnumMemberName("credential")]
    Credential,

    [JsonStringEnumMemberName("same-token")]
    SameToken,

    [JsonStringEnumMemberName("none")]
    None,
}

internal enum AuthorityChange
{
    [JsonStringEnumMemberName("keep")]
    Keep,

    [JsonStringEnumMemberName("any")]
    Any,
}

internal enum ActorTokenType
{
    [JsonStringEnumMemberName("jwt")]
    Jwt,

    [JsonStringEnumMemberName("access_token")]
    AccessToken,

    [JsonStringEnumMemberName("id_token")]
    IdToken,
}

/// <summary>The actor token, as written.</summary>
internal sealed class ActorTokenOptions
{
    [Description("The file that holds the token; re-read when it changes.")]
    [Example("/var/run/secrets/gateway/actor.jwt")]
    public string? File { get; set; }

    [Description("What the token is (actor_token_type).")]
    public ActorTokenType Type { get; set; } = ActorTokenType.Jwt;
}

internal enum OutboundBinding
{
    [JsonStringEnumMemberName("none")]
    None,

    [JsonStringEnumMemberName("dpop")]
    DPoP,
}

internal enum ResultFormat
{
    [JsonStringEnumMemberName("jwt")]
    Jwt,

    [JsonStringEnumMemberName("opaque")]
    Opaque,
}

internal enum LocalSubject
{
    [JsonStringEnumMemberName("as-is")]
    AsIs,

    [JsonStringEnumMemberName("issuer-qualified")]
    IssuerQualified,
}

/// <summary>A scope's translation, as written.</summary>
internal sealed class ScopeMapOptions
{
    [Description("The inbound scope.")]
    [Example("mcp.access")]
    public string? Inbound { get; set; }

    [Description("The outbound scopes it becomes.")]
    [Example("""["weather.read"]""")]
    public List<string>? Outbound { get; set; }
}

/// <summary>The keys of a YARP cluster that are passed through.</summary>
internal sealed class ClusterOptions
{
    [Description("YARP's load balancing policy: PowerOfTwoChoices, RoundRobin, LeastRequests, Random, FirstAlphabetical.")]
    [Example("RoundRobin")]
    [Example("LeastRequests")]
    public string? LoadBalancingPolicy { get; set; }

    [Description("YARP's health checks.")]
    public HealthCheckConfig? HealthCheck { get; set; }

    [Description("YARP's outbound HTTP client.")]
    public HttpClientConfig? HttpClient { get; set; }

    [Description("YARP's outbound request; ActivityTimeout is StreamIdleTimeout.")]
    public ForwarderRequestConfig? HttpRequest { get; set; }
}
