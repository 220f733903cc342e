using System.ComponentModel;

namespace Gateway.Configuration.Options;

/// <summary>A policy decision point, as written.</summary>
internal sealed class PolicyOptions
{
    [Description("Where it is asked about one operation: the access evaluation endpoint of OpenID AuthZEN.")]
    [Example("https://pdp.internal/access/v1/evaluation")]
    public string? Url { get; set; }

    [Description("Where it is asked about lists. Default: Url with evaluations as its last segment.")]
    [Example("https://pdp.internal/access/v1/evaluations")]
    public string? EvaluationsUrl { get; set; }

    [Description("Allows http to other hosts than loopback: claims, and arguments, could be read and decisions replaced on the way.")]
    public bool AllowHttp { get; set; }

    [Description("The file with the bearer token that the gateway shows the decision point; re-read when it changes.")]
    [Example("/run/secrets/gateway/pdp-token")]
    public string? TokenFile { get; set; }

    [Description("The longest that a decision may take. After it the operation is refused (policy_unavailable).")]
    [Example("00:00:00.500")]
    [DurationRange("00:00:00.050", "00:01:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(1);

    [Description("as-is: subject.id is sub. issuer-qualified: a digest over issuer and sub, as when several issuers are trusted.")]
    public LocalSubject Subject { get; set; } = LocalSubject.AsIs;

    [Description("Claims of the caller's token that the decision point is told (subject.properties.claims).")]
    [Example("""["department"]""")]
    public List<string> Claims { get; set; } = [];

    [Description("Tells the decision point the arguments of a call (resource.properties.arguments).")]
    public bool Arguments { get; set; }

    [Description("Shows a caller only the tools, prompts and resources that the decision point would allow.")]
    public bool FilterLists { get; set; }
}
