using System.Net;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Benchmarks.BareYarp;

/// <summary>YARP as it ships, with a route for each server and no check at all: what a proxy costs.</summary>
public static class BareProxy
{
    /// <summary>The id of one of the servers.</summary>
    public static string ServerId(int number) => number == 0 ? "weather" : $"weather-{number}";

    /// <param name="url">Where it listens.</param>
    /// <param name="backend">What stands behind every route.</param>
    /// <param name="serverCount">How many routes there are.</param>
    /// <param name="policy">The authorization policy of every route; null: none.</param>
    /// <param name="http2">Whether it speaks HTTP/2 with the backend, without TLS.</param>
    /// <param name="configure">What else is added before the application is built.</param>
    public static WebApplication Create(string url, string backend, int serverCount = 1, string? policy = null, bool http2 = false, Action<WebApplicationBuilder>? configure = null)
    {
        var version = http2 ? new ForwarderRequestConfig { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact } : null;
        var servers = Enumerable.Range(0, serverCount).Select(ServerId).ToArray();

        // Logging included: with any logger the server makes an activity for every request, as it does for the gateway.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(url);
        builder.Services.AddReverseProxy().LoadFromMemory(
            [.. servers.Select(id => new RouteConfig { RouteId = id, ClusterId = id, AuthorizationPolicy = policy, Match = new RouteMatch { Path = $"/{id}/{{**rest}}" }, Transforms = [new Dictionary<string, string> { ["PathRemovePrefix"] = "/" + id }] })],
            [.. servers.Select(id => new ClusterConfig { ClusterId = id, HttpRequest = version, Destinations = new Dictionary<string, DestinationConfig> { ["only"] = new() { Address = backend + "/mcp" } } })]);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapReverseProxy();
        return app;
    }
}
