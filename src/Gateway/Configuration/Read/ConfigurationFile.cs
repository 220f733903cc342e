using System.ComponentModel;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Gateway.Configuration.Options;

namespace Gateway.Configuration.Read;

/// <summary>The root of gateway.json: our section beside ASP.NET Core's own.</summary>
internal sealed class ConfigurationFile
{
    [JsonPropertyName("$schema")]
    [Description("Where editors find the schema of this file.")]
    [Example("./gateway.schema.json")]
    public string? Schema { get; set; }

    [Description("The gateway.")]
    public GatewayOptions Gateway { get; set; } = new();

    [Description("ASP.NET Core's web server: addresses, certificates and limits.")]
    public KestrelOptions Kestrel { get; set; } = new();

    [Description("ASP.NET Core's log levels.")]
    public JsonObject? Logging { get; set; }

    [Description("ASP.NET Core's host filter: host names separated by semicolons.")]
    [Example("mcp.example.com")]
    public string? AllowedHosts { get; set; }
}

/// <summary>How gateway.json is read; without reflection.</summary>
[JsonSourceGenerationOptions(
    UseStringEnumConverter = true,
    RespectNullableAnnotations = false,
    Converters = [typeof(DurationConverter), typeof(HttpVersionConverter), typeof(SslProtocolsConverter)])]
[JsonSerializable(typeof(ConfigurationFile))]
internal sealed partial class ConfigurationJson : JsonSerializerContext;
