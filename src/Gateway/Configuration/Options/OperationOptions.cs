using System.ComponentModel;

namespace Gateway.Configuration.Options;

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
