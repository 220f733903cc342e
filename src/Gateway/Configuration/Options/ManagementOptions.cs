using System.ComponentModel;

namespace Gateway.Configuration.Options;

/// <summary>The management listener, as written.</summary>
internal sealed class ManagementOptions
{
    [Description("The address to listen on; reachable by operators only.")]
    [Example("http://127.0.0.1:9090")]
    [Example("http://*:9090")]
    public string? Url { get; set; }

    [Description("Serves the read-only page.")]
    public bool Page { get; set; }

    [Description("Names under which the listener is asked, besides addresses, localhost and the name in Url; any other is answered 421, but for the bare status of /healthz.")]
    [Example("""["gateway-metrics.mcp.svc"]""")]
    public List<string> AllowedHosts { get; set; } = [];
}
