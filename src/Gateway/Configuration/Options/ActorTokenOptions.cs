using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Gateway.Configuration.Options;

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
