using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Configuration.Options;

/// <summary>What YARP's own keys mean, since its types cannot say it themselves. Defaults are those that hold behind the gateway.</summary>
internal static class YarpDescriptions
{
    private static readonly Dictionary<(Type Type, string Key), (string Description, string? Example)> All = new()
    {
        [(typeof(HealthCheckConfig), nameof(HealthCheckConfig.Passive))] = ("Judges destinations by the answers to real requests.", """{ "Enabled": true }"""),
        [(typeof(HealthCheckConfig), nameof(HealthCheckConfig.Active))] = ("Judges destinations by asking a health endpoint of theirs.", """{ "Enabled": true, "Path": "/healthz" }"""),
        [(typeof(HealthCheckConfig), nameof(HealthCheckConfig.AvailableDestinationsPolicy))] = ("Which destinations get requests: HealthyAndUnknown, or HealthyOrPanic (all of them when none is healthy). Default: HealthyOrPanic.", "HealthyAndUnknown"),

        [(typeof(PassiveHealthCheckConfig), nameof(PassiveHealthCheckConfig.Enabled))] = ("Turns it on. Default: false.", null),
        [(typeof(PassiveHealthCheckConfig), nameof(PassiveHealthCheckConfig.Policy))] = ("Who judges. Default: TransportFailureRate, the share of requests that failed to get an answer.", "TransportFailureRate"),
        [(typeof(PassiveHealthCheckConfig), nameof(PassiveHealthCheckConfig.ReactivationPeriod))] = ("When an unhealthy destination is tried again. Default: 00:01:00.", "00:00:30"),

        [(typeof(ActiveHealthCheckConfig), nameof(ActiveHealthCheckConfig.Enabled))] = ("Turns it on. Default: false.", null),
        [(typeof(ActiveHealthCheckConfig), nameof(ActiveHealthCheckConfig.Interval))] = ("The time from one probe to the next. Default: 00:00:15.", "00:00:15"),
        [(typeof(ActiveHealthCheckConfig), nameof(ActiveHealthCheckConfig.Timeout))] = ("How long a probe may take. Default: 00:00:10.", "00:00:10"),
        [(typeof(ActiveHealthCheckConfig), nameof(ActiveHealthCheckConfig.Policy))] = ("Who judges. Default: ConsecutiveFailures, two failed probes in a row.", "ConsecutiveFailures"),
        [(typeof(ActiveHealthCheckConfig), nameof(ActiveHealthCheckConfig.Path))] = ("The path that is asked for, put after the destination's address; it must answer 2xx without a token.", "/healthz"),
        [(typeof(ActiveHealthCheckConfig), nameof(ActiveHealthCheckConfig.Query))] = ("The query that is put after the path, with its leading '?'. Default: none.", "?deep=true"),

        [(typeof(HttpClientConfig), nameof(HttpClientConfig.SslProtocols))] = ("The TLS versions to use. Default: the operating system's.", """["Tls13"]"""),
        [(typeof(HttpClientConfig), nameof(HttpClientConfig.DangerousAcceptAnyServerCertificate))] = ("Refused when true: whoever stands on the way could take the hop tokens.", null),
        [(typeof(HttpClientConfig), nameof(HttpClientConfig.MaxConnectionsPerServer))] = ("The most connections to one destination. Default: no limit.", null),
        [(typeof(HttpClientConfig), nameof(HttpClientConfig.WebProxy))] = ("A proxy between the gateway and the MCP server. Default: none, whatever the environment says.", """{ "Address": "http://proxy.example.com:3128" }"""),
        [(typeof(HttpClientConfig), nameof(HttpClientConfig.EnableMultipleHttp2Connections))] = ("Opens a further HTTP/2 connection when the streams of all others are in use. Default: true.", null),
        [(typeof(HttpClientConfig), nameof(HttpClientConfig.RequestHeaderEncoding))] = ("How header values are written to the MCP server. Default: utf-8.", "iso-8859-1"),
        [(typeof(HttpClientConfig), nameof(HttpClientConfig.ResponseHeaderEncoding))] = ("How header values of the MCP server are read. Default: utf-8.", "iso-8859-1"),

        [(typeof(WebProxyConfig), nameof(WebProxyConfig.Address))] = ("The address of the proxy.", "http://proxy.example.com:3128"),
        [(typeof(WebProxyConfig), nameof(WebProxyConfig.BypassOnLocal))] = ("Leaves the proxy out for local addresses. Default: false.", null),
        [(typeof(WebProxyConfig), nameof(WebProxyConfig.UseDefaultCredentials))] = ("Sends the process's own credentials to the proxy. Default: false.", null),

        [(typeof(ForwarderRequestConfig), nameof(ForwarderRequestConfig.Version))] = ("The HTTP version of requests to the MCP server. Default: 2, which over http means 1.1 unless VersionPolicy insists.", null),
        [(typeof(ForwarderRequestConfig), nameof(ForwarderRequestConfig.VersionPolicy))] = ("Whether another version than Version may be used. Default: RequestVersionOrLower; HTTP/2 over http needs RequestVersionExact.", null),
        [(typeof(ForwarderRequestConfig), nameof(ForwarderRequestConfig.AllowResponseBuffering))] = ("Refused when true: it would hold events of a stream back.", null),
    };

    /// <summary>What is known about a key of YARP's; nothing about any other.</summary>
    public static (string? Description, string? Example) Of(Type type, string key) => All.GetValueOrDefault((type, key));
}
