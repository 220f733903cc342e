using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Gateway.Configuration.Options;

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
