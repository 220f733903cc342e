using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe.Management;

/// <summary>The management listener of a running gateway: what it answers, and what neither listener answers for the other.</summary>
public sealed class ManagementListenerTests
{
    [Theory]
    [InlineData("/metrics")]
    [InlineData("/explain")]
    [InlineData("/page.css")]
    [InlineData("/")]
    public async Task The_public_listener_has_nothing_of_the_management_listener(string path)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.SendAsync(HttpMethod.Get, path);

        Assert.Equal(404, answer.Status);
        Assert.DoesNotContain("gateway_requests_total", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<html", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/weather")]
    [InlineData("/weather/")]
    [InlineData("/.well-known/oauth-protected-resource/weather")]
    [InlineData("/backchannel-logout/corp")]
    [InlineData("//metrics")]
    [InlineData("/METRICS")]
    public async Task The_management_listener_has_nothing_of_the_public_one(string path)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.AskAsync(HttpMethod.Post, path, new StringContent(Messages.Call("echo")), request => request.Headers.Authorization = new("Bearer", world.WeatherToken()));

        Assert.Equal(404, answer.Status);
        world.AssertNothingWasSent();
        Assert.Empty(world.Gateway.Audit);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/page.css")]
    [InlineData("/explain")]
    public async Task Without_Page_there_is_no_page(string path)
    {
        await using var world = await World.StartAsync(Operator.Management(page: false));

        Assert.Equal(404, (await world.Gateway.GetAsync(path)).Status);
        Assert.Equal(404, (await world.Gateway.ExplainAsync("weather", world.WeatherToken())).Status);
    }

    [Theory]
    [InlineData("POST", "/metrics")]
    [InlineData("DELETE", "/healthz/ready")]
    [InlineData("PUT", "/")]
    [InlineData("DELETE", "/explain")]
    public async Task Nothing_can_be_changed(string method, string path)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.AskAsync(new HttpMethod(method), path);

        Assert.Equal(405, answer.Status);
        Assert.StartsWith("GET, HEAD", answer.Headers["Allow"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Liveness_and_readiness_answer_as_JSON_with_detail()
    {
        await using var world = await World.StartAsync(Operator.Management());
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var live = await world.Gateway.GetAsync("/healthz/live");
        var ready = await world.Gateway.GetAsync("/healthz/ready");

        Assert.Equal((200, "live"), (live.Status, live.Json!["status"]!.GetValue<string>()));
        Assert.Equal((200, "ready"), (ready.Status, ready.Json!["status"]!.GetValue<string>()));
        Assert.Equal(1, ready.Json["generation"]!.GetValue<long>());
        var server = Assert.Single(ready.Json["authorization_servers"]!.AsArray())!;
        Assert.Equal("corp", server["name"]!.GetValue<string>());
        Assert.True(server["keys_available"]!.GetValue<bool>());
        Assert.NotEqual(default, server["keys_fetched"]!.GetValue<DateTime>());
        Assert.Empty(ready.Json["reload_problems"]!.AsArray());
    }

    [Fact]
    public async Task Without_keys_it_is_not_ready_and_after_the_grace_it_is_degraded_and_says_of_whom()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(Operator.Management(change: Operator.Away), clock);
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var before = await world.Gateway.GetAsync("/healthz/ready");
        clock.Advance(TimeSpan.FromSeconds(10));
        var after = await world.Gateway.GetAsync("/healthz/ready");

        Assert.Equal((503, "not_ready"), (before.Status, before.Json!["status"]!.GetValue<string>()));
        Assert.Equal((200, "degraded"), (after.Status, after.Json!["status"]!.GetValue<string>()));
        var missing = after.Json["authorization_servers"]!.AsArray().Single(server => !server!["keys_available"]!.GetValue<bool>())!;
        Assert.Equal("away", missing["name"]!.GetValue<string>());
        Assert.DoesNotContain("away", (await world.Gateway.SendAsync(HttpMethod.Get, "/healthz/ready")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_reload_shows_in_the_detail_of_readiness_and_on_the_page_and_is_counted()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(Operator.Management(), clock);
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        await File.WriteAllTextAsync(world.Gateway.ConfigPath, """{ "Gateway": { "PublikUrl": "https://mcp.example.com" } }""", TestContext.Current.CancellationToken);

        Answer ready;
        do
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            ready = await world.Gateway.GetAsync("/healthz/ready");
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
        while (ready.Json!["reload_problems"]!.AsArray().Count == 0);

        Assert.Equal(200, ready.Status);
        Assert.Equal(1, ready.Json["generation"]!.GetValue<long>());
        Assert.Contains(ready.Json["reload_problems"]!.AsArray(), problem => problem!.GetValue<string>().Contains("PublikUrl", StringComparison.Ordinal));
        Assert.Contains("The newest configuration was refused", (await world.Gateway.GetAsync("/")).Body, StringComparison.Ordinal);
        Assert.Contains(Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body), sample => sample.Has("gateway_config_reloads_total", ("outcome", "refused")) && sample.Value == 1);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task An_address_that_is_taken_keeps_the_gateway_from_starting()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var options = World.Options(world.As, world.Weather, world.Notes);
        options["Management"] = new JsonObject { ["Url"] = world.Gateway.ManagementUrl() };

        await Assert.ThrowsAsync<IOException>(() => TestGateway.StartAsync(options));
    }
}
