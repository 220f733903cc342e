using System.ComponentModel;

namespace Gateway.Configuration.Options;

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
