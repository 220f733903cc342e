using Yarp.ReverseProxy.Configuration;

namespace Gateway.Benchmarks.BareYarp;

/// <summary>YARP as it ships, with one route and no check at all: what a proxy costs.</summary>
public static class BareProxy
{
    public static WebApplication Create(string url, string backend)
    {
        // Logging included: with any logger the server makes an activity for every request, as it does for the gateway.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(url);
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "weather", ClusterId = "weather", Match = new RouteMatch { Path = "/weather/{**rest}" }, Transforms = [new Dictionary<string, string> { ["PathRemovePrefix"] = "/weather" }] }],
            [new ClusterConfig { ClusterId = "weather", Destinations = new Dictionary<string, DestinationConfig> { ["only"] = new() { Address = backend + "/mcp" } } }]);
        var app = builder.Build();
        app.MapReverseProxy();
        return app;
    }
}
