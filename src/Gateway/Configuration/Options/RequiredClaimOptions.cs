using System.ComponentModel;

namespace Gateway.Configuration.Options;

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
