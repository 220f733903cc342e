using Yarp.ReverseProxy.Configuration;

namespace Gateway.Benchmarks.BareYarp;

/// <summary>YARP as it ships, with a route for each server and no check at all: what a proxy costs.</summary>
public static class BareProxy
{
    /// <summary>The id of one of the servers.</summary>
    public static string ServerId(int number) => number == 0 ? "weather" : $"weather-{number}";

    public static WebApplication Create(string url, string backend, int serverCount = 1)
    {
        var servers = Enumerable.Range(0, serverCount).Select(ServerId).ToArray();

        // Logging included: with any logger the server makes an activity for every request, as it does for the gateway.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(url);
        builder.Services.AddReverseProxy().LoadFromMemory(
            [.. servers.Select(id => new RouteConfig { RouteId = id, ClusterId = id, Match = new RouteMatch { Path = $"/{id}/{{**rest}}" }, Transforms = [new Dictionary<string, string> { ["PathRemovePrefix"] = "/" + id }] })],
            [.. servers.Select(id => new ClusterConfig { ClusterId = id, Destinations = new Dictionary<string, DestinationConfig> { ["only"] = new() { Address = backend + "/mcp" } } })]);
        var app = builder.Build();
        app.MapReverseProxy();
        return app;
    }
}
