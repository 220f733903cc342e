using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Xunit;

namespace Gateway.Tests.Observe.Management;

/// <summary>Who asks by a name that is not the listener's may be a web page (DNS rebinding): it learns the bare status and nothing else.</summary>
public sealed class HostTests
{
    private const string Foreign = "evil.example.com:9090";

    [Theory]
    [InlineData("GET", "/metrics")]
    [InlineData("HEAD", "/metrics")]
    [InlineData("POST", "/metrics")]
    [InlineData("GET", "/")]
    [InlineData("GET", "/page.css")]
    [InlineData("GET", "/explain")]
    [InlineData("POST", "/explain")]
    [InlineData("GET", "/nowhere")]
    [InlineData("POST", "/healthz/ready")]
    public async Task A_foreign_name_is_misdirected_whatever_it_asks_for(string method, string path)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.AskAsync(new HttpMethod(method), path, change: request => request.Headers.Host = Foreign);

        Assert.Equal((421, ""), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("/healthz/live", """{"status":"live"}""")]
    [InlineData("/healthz/ready", """{"status":"ready"}""")]
    public async Task The_bare_status_answers_whatever_the_name(string path, string body)
    {
        await using var world = await World.StartAsync(Operator.Management());
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var answer = await world.Gateway.AskAsync(HttpMethod.Get, path, change: request => request.Headers.Host = Foreign);

        Assert.Equal((200, body), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("localhost:1")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]:9090")]
    [InlineData("10.1.2.3:9090")]
    [InlineData("gateway-metrics.mcp.svc:9090")]
    [InlineData("GATEWAY-metrics.mcp.svc")]
    public async Task An_address_localhost_and_the_allowed_names_are_answered(string host)
    {
        await using var world = await World.StartAsync(Operator.Management(change: options =>
            options["Management"]!["AllowedHosts"] = new JsonArray("gateway-metrics.mcp.svc")));

        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        foreach (var path in (string[])["/metrics", "/healthz/ready", "/"])
        {
            Assert.Equal(200, (await world.Gateway.AskAsync(HttpMethod.Get, path, change: request => request.Headers.Host = host)).Status);
        }

        Assert.Contains("authorization_servers", (await world.Gateway.AskAsync(HttpMethod.Get, "/healthz/ready", change: request => request.Headers.Host = host)).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/healthz/live", 200)]
    [InlineData("/healthz/ready", 200)]
    [InlineData("/.well-known/oauth-protected-resource/weather", 400)]
    public async Task On_the_public_listener_a_probe_is_answered_by_any_name_and_nothing_else_is(string path, int status)
    {
        await using var world = await World.StartAsync(configure: builder =>
        {
            builder.Configuration["AllowedHosts"] = "mcp.example.com";
            Microsoft.Extensions.DependencyInjection.OptionsServiceCollectionExtensions.Configure<Microsoft.AspNetCore.HostFiltering.HostFilteringOptions>(builder.Services, filtering => filtering.AllowedHosts = ["mcp.example.com"]);
        });
        await world.Gateway.SendAsync(HttpMethod.Post, "/weather", world.WeatherToken(), Messages.Call("echo"), request => request.Headers.Host = "mcp.example.com");

        Assert.Equal(status, (await world.Gateway.SendAsync(HttpMethod.Get, path, change: request => request.Headers.Host = "10.1.2.3:8080")).Status);
    }
}
