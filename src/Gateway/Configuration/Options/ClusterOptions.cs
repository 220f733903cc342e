using System.ComponentModel;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Configuration.Options;

/// <summary>The keys of a YARP cluster that are passed through.</summary>
internal sealed class ClusterOptions
{
    [Description("YARP's load balancing policy: PowerOfTwoChoices, RoundRobin, LeastRequests, Random, FirstAlphabetical.")]
    [Example("RoundRobin")]
    [Example("LeastRequests")]
    public string? LoadBalancingPolicy { get; set; }

    [Description("YARP's health checks.")]
    public HealthCheckConfig? HealthCheck { get; set; }

    [Description("YARP's outbound HTTP client.")]
    public HttpClientConfig? HttpClient { get; set; }

    [Description("YARP's outbound request; ActivityTimeout is StreamIdleTimeout.")]
    public ForwarderRequestConfig? HttpRequest { get; set; }
}
