using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Gateway.Configuration.Options;

/// <summary>What all replicas share, as written.</summary>
internal sealed class SharedStateOptions
{
    [Description("A server of the Redis protocol: Redis, Valkey or Garnet; one primary with its replicas, or Sentinel.")]
    [Example("""{ "Endpoints": ["redis:6379"], "PasswordFile": "/run/secrets/gateway/redis-password" }""")]
    public RedisOptions? Redis { get; set; }

    [Description("How long nothing may have been heard of the shared state before tokens are refused (state_unavailable), or served all the same, as OnStale says.")]
    [Example("00:00:10")]
    [DurationRange("00:00:01", "01:00:00")]
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromSeconds(30);

    [Description("What happens then: refuse, or serve with the revocations that are known.")]
    public OnStale OnStale { get; set; } = OnStale.Refuse;
}

internal enum OnStale
{
    [JsonStringEnumMemberName("refuse")]
    Refuse,

    [JsonStringEnumMemberName("serve")]
    Serve,
}

/// <summary>A server of the Redis protocol, as written.</summary>
internal sealed class RedisOptions
{
    [Description("Host and port of the primary and of its replicas, or of the sentinels.")]
    [Example("""["redis:6379"]""")]
    public List<string> Endpoints { get; set; } = [];

    [Description("The ACL user. Default: the default user.")]
    [Example("mcp-gateway")]
    public string? User { get; set; }

    [Description("A file with the password; read again at each connection.")]
    [Example("/run/secrets/gateway/redis-password")]
    public string? PasswordFile { get; set; }

    [Description("Whether connections use TLS.")]
    public bool Tls { get; set; } = true;

    [Description("A PEM file with the certificate authority that the server's certificate must lead to; read again at each connection. Default: those of the system.")]
    [Example("/run/secrets/gateway/redis-ca.crt")]
    public string? CaFile { get; set; }

    [Description("What the names of all keys and channels begin with. Gateways that share nothing take different ones.")]
    public string Prefix { get; set; } = "mcp-gateway:";

    [Description("The name of the primary at the sentinels. Given: Endpoints are sentinels.")]
    [Example("mymaster")]
    public string? ServiceName { get; set; }

    [Description("How many replicas must have acknowledged a write before it counts (WAIT).")]
    [Range(0, 100)]
    public int MinReplicas { get; set; }
}
