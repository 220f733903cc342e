using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Gateway.Bridge;
using Gateway.Configuration;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>Client, gateway, bridge and a stdio server, the two in the middle on a Unix socket.</summary>
public sealed class GatewayAndBridgeTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("bridge-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task A_stdio_server_is_reached_through_both_and_sees_no_token()
    {
        var socket = Path.Combine(directory.FullName, "mcp.sock");
        await using var bridge = await StartBridgeAsync(socket);
        await using var world = await StartWorldAsync(socket);
        var token = world.WeatherToken();
        var begun = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", token, Messages.Of("initialize"));
        Assert.Equal(200, begun.Status);
        var session = begun.Headers["Mcp-Session-Id"];

        var self = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", token, Messages.Of("self"), request => request.Headers.Add("Mcp-Session-Id", session));
        Assert.Equal(200, self.Status);
        Assert.DoesNotContain(token, self.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(token, bridge.Log.Text, StringComparison.Ordinal);
        var ended = await world.Gateway.SendAsync(HttpMethod.Delete, "/weather", token, change: request => request.Headers.Add("Mcp-Session-Id", session));
        Assert.Equal(204, ended.Status);
        await bridge.Log.SaidAsync("ended (exit code 0)");
    }

    [Fact]
    public async Task A_session_of_another_user_is_nobodys()
    {
        var socket = Path.Combine(directory.FullName, "mcp.sock");
        await using var bridge = await StartBridgeAsync(socket);
        await using var world = await StartWorldAsync(socket);
        var begun = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", world.WeatherToken(), Messages.Of("initialize"));
        var other = world.WeatherToken((_, payload) => payload["sub"] = "somebody-else");
        var stolen = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", other, Messages.Of("self"), request => request.Headers.Add("Mcp-Session-Id", begun.Headers["Mcp-Session-Id"]));
        Assert.Equal((404, "session_not_yours"), (stolen.Status, stolen.Reason));
    }

    [Fact]
    public async Task A_stream_of_the_server_comes_through_both_as_it_comes()
    {
        var socket = Path.Combine(directory.FullName, "mcp.sock");
        await using var bridge = await StartBridgeAsync(socket);
        await using var world = await StartWorldAsync(socket);
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather")
        {
            Content = new StringContent(TestBridge.ModernRequest("sub", "subscriptions/listen").ToJsonString(), null, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", world.WeatherToken());
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", TestBridge.Modern);
        request.Headers.Add("Mcp-Method", "subscriptions/listen");
        using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        using var events = await TestBridge.EventsOfAsync(response);
        Assert.Equal("notifications/subscriptions/acknowledged", (string?)(await events.NextAsync())!["method"]);
        Assert.Equal("notifications/tools/list_changed", (string?)(await events.NextAsync())!["method"]);
    }

    [Fact]
    public async Task A_socket_that_nobody_serves_is_an_outage()
    {
        await using var world = await StartWorldAsync(Path.Combine(directory.FullName, "nobody.sock"));
        var answer = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", world.WeatherToken(), Messages.Of("initialize"));
        Assert.Equal((502, "upstream_unavailable"), (answer.Status, answer.Reason));
    }

    [Theory]
    [InlineData("http://unix:/run/mcp.sock:/mcp", "/run/mcp.sock", "/mcp")]
    [InlineData("http://unix:/a:/", "/a", "/")]
    [InlineData("http://unix:/Run/With-Upper_Case.and.a.very.long.name.that.goes.over.the.length.of.one.label.of.a.host.sock:/v1/mcp", "/Run/With-Upper_Case.and.a.very.long.name.that.goes.over.the.length.of.one.label.of.a.host.sock", "/v1/mcp")]
    public void An_address_stands_for_its_socket_and_can_be_read_back(string written, string socket, string path)
    {
        Assert.True(UnixDestination.TryParse(written, out var destination));
        Assert.Equal((socket, path), (destination.Socket, destination.Path));
        var url = new Uri(destination.Address);
        Assert.Equal(socket, UnixDestination.SocketOf(url.Host));
        Assert.Equal(path, url.AbsolutePath);
        Assert.Equal(written, UnixDestination.Show(destination.Address));
    }

    private static Task<TestBridge> StartBridgeAsync(string socket)
    {
        Assert.True(BridgeAddress.TryParse($"http://unix:{socket}", out var address));
        return TestBridge.StartAsync(settings => settings with { Address = address }, TimeProvider.System);
    }

    private static Task<World> StartWorldAsync(string socket) => World.StartAsync(options =>
    {
        var weather = options["Servers"]!["weather"]!.AsObject();
        weather["Destinations"] = new JsonArray($"http://unix:{socket}:/mcp");
        weather["Outbound"] = new JsonObject { ["Mode"] = "none", ["Resource"] = "https://weather.internal/mcp" };
    });
}
