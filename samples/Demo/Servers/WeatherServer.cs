using System.ComponentModel;
using Demo.AuthorizationServer;
using ModelContextProtocol.Server;

namespace Demo.Servers;

/// <summary>The weather: an MCP server with one tool.</summary>
internal static class WeatherServer
{
    public const string Scope = "weather:read";

    public static Task<StrictMcpServer> StartAsync(DevelopmentAuthorizationServer issuer, CancellationToken cancellationToken) =>
        StrictMcpServer.StartAsync("weather", Scope, _ => [McpServerTool.Create(Forecast, new() { Name = "get_forecast", Description = "The forecast for a city.", ReadOnly = true })], issuer, cancellationToken);

    private static string Forecast([Description("The city.")] string city) => $"{city}: 21 degrees, light wind, no rain.";
}
