using System.ComponentModel;

namespace Gateway.Configuration.Options;

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
