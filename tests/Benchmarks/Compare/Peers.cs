using TokenExchange.Tests.Harness;
using Yarp.ReverseProxy.Configuration;

namespace Gateway.Benchmarks.Compare;

/// <summary>The servers that a comparison runs as processes of their own, so that the CPU time of each can be told.</summary>
internal static class Peers
{
    public const string Answer = """{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"21 degrees and a light wind from the west"}],"isError":false}}""";

    /// <summary>An MCP-like backend: one small JSON-RPC result for every POST, and the issuer's keys for the gateway.</summary>
    public static WebApplication Backend(string url, string jwksFile)
    {
        var app = Bare(url).Build();
        var jwks = File.ReadAllText(jwksFile);
        app.MapGet("/jwks", () => Results.Text(jwks, "application/json"));
        app.MapPost("/mcp", static async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = Answer.Length;
            await context.Response.WriteAsync(Answer);
        });
        return app;
    }

    /// <summary>YARP as it ships, with one route and no check at all: what a proxy costs.</summary>
    public static WebApplication Yarp(string url, string backend)
    {
        // As shipped, logging included: with any logger the server makes an activity for every request, as it does for the gateway.
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

    /// <summary>Tokens that differ in their id alone, so that each is a cold one.</summary>
    public static IEnumerable<string> Tokens(TestKey key, string issuer, string audience, int count) =>
        Enumerable.Range(0, count).Select(number => TokenForge.AccessToken(key, issuer, audience, TimeProvider.System.GetUtcNow(), (_, payload) =>
        {
            payload["jti"] = $"token-{number}";
            payload["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 7200;
        }));

    private static WebApplicationBuilder Bare(string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        return builder;
    }
}
