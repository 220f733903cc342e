using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>The HTTP+SSE transport of 2024-11-05: the endpoint under the public path, its session the caller's own.</summary>
public sealed class SseTests
{
    private static async Task<World> StartAsync(Func<TestMcpServer, string> endpoint, Func<Task>? before2nd = null)
    {
        var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Transport"] = "http+sse");
        world.Weather.Answer = async context =>
        {
            if (context.Request.Method == "POST")
            {
                context.Response.StatusCode = 202;
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($": hello\n\nevent: endpoint\ndata: {endpoint(world.Weather)}\n\n");
            await context.Response.Body.FlushAsync();
            await (before2nd?.Invoke() ?? Task.CompletedTask);
            await context.Response.WriteAsync("event: message\ndata: {\"jsonrpc\":\"2.0\"}\n\nevent: endpoint\ndata: /later\n\n");
        };
        return world;
    }

    private static async Task<(string Endpoint, Listener Stream)> ConnectAsync(World world, string token)
    {
        var stream = await Listener.OpenAsync(world, HttpMethod.Get, "/weather/sse", token);
        Assert.Equal((": hello", "", "event: endpoint"), (await stream.LineAsync(), await stream.LineAsync(), await stream.LineAsync()));
        var endpoint = (await stream.LineAsync())!["data: ".Length..];
        Assert.Equal("", await stream.LineAsync());
        return (endpoint, stream);
    }

    [Theory]
    [InlineData("/mcp/message?sessionId=s-1", "sessionId", "s-1")]
    [InlineData("message?sessionId=s-1", "sessionId", "s-1")]
    [InlineData("/mcp/messages/?session_id=0a", "session_id", "0a")]
    [InlineData("/mcp/message?x=1&sessionId=a%26b%3D%2F", "sessionId", "a&b=/")]
    public async Task The_endpoint_lies_under_the_public_path_and_leads_back_to_the_servers_own(string announced, string parameter, string session)
    {
        var step = new TaskCompletionSource();
        await using var world = await StartAsync(_ => announced, () => step.Task);
        var token = world.WeatherToken();
        var (endpoint, stream) = await ConnectAsync(world, token);
        using var _ = stream;

        var answer = await world.Gateway.CallAsync(endpoint, token);

        Assert.StartsWith("/weather/message", endpoint, StringComparison.Ordinal);
        Assert.Equal(202, answer.Status);
        var (opened, posted) = (world.Weather.Requests[0], world.Weather.Requests[1]);
        Assert.Equal("/mcp/sse", opened.Path);
        Assert.StartsWith("/mcp/message", posted.Path, StringComparison.Ordinal);
        Assert.Equal(session, Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(posted.Query)[parameter]);
        Assert.All(world.Weather.Requests, request => Assert.NotEqual(token, request.Token));
        step.SetResult();
        Assert.Equal("event: message", await stream.LineAsync());
    }

    [Fact]
    public async Task Events_after_the_endpoint_are_not_touched()
    {
        await using var world = await StartAsync(_ => "/mcp/message?sessionId=s-1");
        var (_, stream) = await ConnectAsync(world, world.WeatherToken());
        using var __ = stream;

        Assert.Equal(
            ("event: message", "data: {\"jsonrpc\":\"2.0\"}", "", "event: endpoint", "data: /later"),
            (await stream.LineAsync(), await stream.LineAsync(), await stream.LineAsync(), await stream.LineAsync(), await stream.LineAsync()));
    }

    [Theory]
    [InlineData("another subject")]
    [InlineData("another client")]
    [InlineData("raw")]
    [InlineData("raw, as a modern request")]
    [InlineData("tampered")]
    [InlineData("none")]
    [InlineData("twice")]
    [InlineData("under both names")]
    public async Task A_session_that_is_not_the_callers_is_nobodys(string kind)
    {
        await using var world = await StartAsync(_ => "/mcp/message?sessionId=s-1");
        var (endpoint, stream) = await ConnectAsync(world, world.WeatherToken());
        using var _ = stream;
        var token = kind switch
        {
            "another subject" => world.WeatherToken((_, payload) => payload["sub"] = "mallory"),
            "another client" => world.WeatherToken((_, payload) => payload["client_id"] = "other-client"),
            _ => world.WeatherToken(),
        };
        var target = kind switch
        {
            "raw" or "raw, as a modern request" => "/weather/message?sessionId=s-1",
            "tampered" => endpoint[..^1] + "2",
            "none" => "/weather/message",
            "twice" => endpoint + "&sessionId=s-1",
            "under both names" => endpoint + "&session_id=s-1",
            _ => endpoint,
        };

        var answer = await world.Gateway.CallAsync(target, token, change: request =>
        {
            if (kind == "raw, as a modern request")
            {
                request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
            }
        });

        Assert.Equal((404, "session_not_yours"), (answer.Status, answer.Reason));
        Assert.Single(world.Weather.Requests);
    }
}
