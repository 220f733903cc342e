using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Gateway.Configuration.Options;

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
