using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>An MCP server that redirects: nobody follows, and only the log says where to.</summary>
public sealed class RedirectTests
{
    [Theory]
    [InlineData(302, "https://elsewhere.example.net/mcp/", "https://elsewhere.example.net/mcp/")]
    [InlineData(307, "https://elsewhere.example.net/mcp?canary=1#canary", "https://elsewhere.example.net/mcp;")]
    [InlineData(308, "https://canary:canary@elsewhere.example.net:8443/a@b", "https://elsewhere.example.net:8443/a@b;")]
    [InlineData(301, "//elsewhere.example.net", "//elsewhere.example.net;")]
    [InlineData(303, "/login", "/login;")]
    [InlineData(302, "/cb/eyJhbGciOiJub25lIn0.canary.canary", "/cb/[redacted]")]
    [InlineData(300, "", "")]
    public async Task The_log_says_where_to_and_nothing_secret(int status, string location, string logged)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = location;
            return Task.CompletedTask;
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((502, "upstream_redirected"), (answer.Status, answer.Reason));
        Assert.False(answer.Headers.ContainsKey("Location"));
        if (location.Length > 0)
        {
            Assert.Contains("redirected by weather to " + logged, world.Gateway.Log, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("canary", world.Gateway.Log, StringComparison.Ordinal);
    }
}
