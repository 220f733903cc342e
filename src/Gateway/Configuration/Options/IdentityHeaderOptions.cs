using System.ComponentModel;

namespace Gateway.Configuration.Options;

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
