using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>The HTTP+SSE transport of 2024-11-05: the endpoint under the public path, its session the caller's own.</summary>
public sealed class SseTests
{
    private static async Task<World> StartAsync(Func<TestMcpServer, string> endpoint, Func<Task>? before2nd = null, string later = "/mcp/later?sessionId=s-2")
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
            await context.Response.WriteAsync($"event: message\ndata: {{\"jsonrpc\":\"2.0\"}}\n\nevent: endpoint\ndata: {later}\n\n");
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
    [InlineData("/mcp/message?sid=s-1", "sid", "s-1")]
    [InlineData("/mcp/message?clientId=s-1", "clientId", "s-1")]
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

    [Theory]
    [InlineData("/mcp/messages/s-1", "/weather/messages/")]
    [InlineData("/mcp/sessions/s-1/messages", "/weather/sessions/s-1/")]
    [InlineData("/mcp/messages/s-1/", "/weather/messages/s-1/")]
    [InlineData("/mcp/messages/caf%C3%A9", "/weather/messages/")]
    [InlineData("/mcp/message?id=s-1&x=%2F", "/weather/")]
    [InlineData("/mcp/message?sessionId=a&clientId=b", "/weather/")]
    [InlineData("/mcp/message", "/weather/")]
    [InlineData("/mcp", "/weather/")]
    [InlineData("/mcp/~", "/weather/")]
    public async Task An_endpoint_without_one_session_in_its_query_is_bound_as_a_whole(string announced, string start)
    {
        var step = new TaskCompletionSource();
        await using var world = await StartAsync(_ => announced, () => step.Task);
        var token = world.WeatherToken();
        var (endpoint, stream) = await ConnectAsync(world, token);
        using var _ = stream;
        var mallory = world.WeatherToken((_, payload) => payload["sub"] = "mallory");

        var answer = await world.Gateway.CallAsync(endpoint, token);
        var stolen = await world.Gateway.CallAsync(endpoint, mallory);
        var changed = await world.Gateway.CallAsync(endpoint + (endpoint.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "id=other", token);
        var elsewhere = await world.Gateway.CallAsync(endpoint.Replace("/weather/", "/weather/other/", StringComparison.Ordinal), token);

        // What was sealed is the whole address: said in a query, of another path, it is no session.
        var seal = endpoint[(endpoint.Split('?')[0].LastIndexOf('/') + 1)..].Split('.');
        var moved = await world.Gateway.CallAsync(
            $"/weather/messages/victim?sessionId={seal[0]}.{seal[1]}.{Uri.EscapeDataString("POST " + Uri.UnescapeDataString(announced["/mcp".Length..].Split('?')[0]) + (announced.Contains('?', StringComparison.Ordinal) ? announced[announced.IndexOf('?', StringComparison.Ordinal)..] : ""))}", token);
        step.SetResult();

        Assert.StartsWith(start, endpoint, StringComparison.Ordinal);
        Assert.Equal(202, answer.Status);
        Assert.All(new[] { stolen, changed, elsewhere, moved }, refused => Assert.Equal((404, "session_not_yours"), (refused.Status, refused.Reason)));
        var posted = Assert.Single(world.Weather.Requests, request => request.Method == "POST");
        Assert.Equal(announced, new Uri("http://x" + posted.Path + posted.Query).PathAndQuery);
    }

    [Fact]
    public async Task Every_later_endpoint_is_rewritten_too()
    {
        await using var world = await StartAsync(_ => "/mcp/message?sessionId=s-1", later: "/mcp/message?sessionId=s-2");
        var token = world.WeatherToken();
        var (_, stream) = await ConnectAsync(world, token);
        using var __ = stream;

        Assert.Equal(
            ("event: message", "data: {\"jsonrpc\":\"2.0\"}", "", "event: endpoint"),
            (await stream.LineAsync(), await stream.LineAsync(), await stream.LineAsync(), await stream.LineAsync()));
        var later = (await stream.LineAsync())!["data: ".Length..];

        Assert.StartsWith("/weather/message?sessionId=", later, StringComparison.Ordinal);
        Assert.Equal(202, (await world.Gateway.CallAsync(later, token)).Status);
        Assert.Equal("?sessionId=s-2", world.Weather.Requests[^1].Query);
    }

    [Theory]
    [InlineData("event: endpoint\ndata: http://elsewhere.example.net/steal?sessionId=1\n\n")]
    [InlineData("event: endpoint\ndata: //elsewhere.example.net/mcp/message?sessionId=1\n\n")]
    [InlineData("event: endpoint\ndata: /other/message?sessionId=1\n\n")]
    [InlineData("event: endpoint\ndata: /mcp/../admin?sessionId=1\n\n")]
    [InlineData("event:endpoint\r\ndata:http://elsewhere.example.net/?sessionId=1\r\n\r\n")]
    [InlineData("data: http://elsewhere.example.net/?sessionId=1\revent: endpoint\r\r")]
    [InlineData("event: message\ndata: http://elsewhere.example.net/?sessionId=1\nevent: endpoint\n\n")]
    [InlineData("data: {}\u2028event: endpoint\u2028data: http://elsewhere.example.net/?sessionId=1\u2028\u2028\n\n")]
    [InlineData("id: 1\u0085event: endpoint\u0085data: http://elsewhere.example.net/\u0085\u0085\ndata: x\n\n")]
    [InlineData(" event: endpoint\n data: http://elsewhere.example.net/\n\n")]
    [InlineData("event : endpoint\ndata : http://elsewhere.example.net/\n\n")]
    [InlineData("EVENT: endpoint\nDATA: http://elsewhere.example.net/\n\n")]
    [InlineData("event: endpoint\ndata: /mcp/message?sessionId=2\n data: http://elsewhere.example.net/\n\n")]
    [InlineData("event: endpoint\ndata: /mcp/message?sessionId=2\nData:http://elsewhere.example.net/\n\n")]
    [InlineData("event: endpoint\nid: 1\u000cevent: endpoint\u000cdata: http://elsewhere.example.net/\u000c\u000c\ndata: /mcp/message?sessionId=2\n\n")]
    public async Task A_later_endpoint_elsewhere_ends_the_stream_and_who_posts_to_what_is_told_instead_learns_why(string later)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Transport"] = "http+sse");
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("event: endpoint\ndata: /mcp/message?sessionId=s-1\n\n" + later);
            await context.Response.Body.FlushAsync();
            context.RequestAborted.Register(gone.SetResult);
            await gone.Task;
        };
        var token = world.WeatherToken();

        var stream = await Wire.SocketClient.ExchangeAsync(world, Wire.SocketClient.Get("/weather/sse", token));
        await gone.Task.WaitAsync(TestContext.Current.CancellationToken);
        var told = stream.Body.Split('\n', '\r').Last(line => line.StartsWith("data:", StringComparison.Ordinal))["data:".Length..].Trim();
        var answer = await world.Gateway.CallAsync(told, token);

        Assert.True(stream.Complete);
        Assert.DoesNotContain("elsewhere", stream.Body, StringComparison.Ordinal);
        Assert.Equal((502, "upstream_unavailable", -32603, 1), (answer.Status, answer.Reason, answer.Json!["error"]!["code"]!.GetValue<int>(), answer.Json["id"]!.GetValue<int>()));
        Assert.Single(world.Weather.Requests);
        var line = Assert.Single(world.Gateway.Log.Split('\n'), line => line.Contains("announced an endpoint outside its destination", StringComparison.Ordinal));
        Assert.DoesNotContain("sessionId", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_parameter_beside_the_session_is_no_session()
    {
        await using var world = await StartAsync(_ => "/mcp/message?sessionId=s-1");
        var (endpoint, stream) = await ConnectAsync(world, world.WeatherToken());
        using var _ = stream;

        Assert.Equal(202, (await world.Gateway.CallAsync(endpoint + "&client_id=a&session=b", world.WeatherToken())).Status);
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
    [InlineData("and &;sessionId=victim")]
    [InlineData("and &x;sessionId=victim")]
    [InlineData("and &sessionId%00=victim")]
    [InlineData("and &sessionId[]=victim")]
    [InlineData("and &session.id=victim")]
    [InlineData("and &session+id=victim")]
    [InlineData("and &session[id=victim")]
    [InlineData("and &sessionId[]=s-2")]
    [InlineData("and &session_id%5B0%5D=s-2")]
    [InlineData("and &session.id=s-2")]
    [InlineData("and &session%20id=s-2")]
    [InlineData("and &%20sessionId=s-2")]
    [InlineData("and &sid%00=s-2")]
    [InlineData("and &x;clientId=s-2")]
    [InlineData("and &x?sessionId=s-2")]
    [InlineData("as a list")]
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
            "as a list" => endpoint.Replace("sessionId", "sessionId[]", StringComparison.Ordinal),
            _ when kind.StartsWith("and ", StringComparison.Ordinal) => endpoint + kind["and ".Length..],
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

    /// <summary>A stream belongs to nobody yet, so that it may name no session that is another's.</summary>
    [Theory]
    [InlineData("?sessionId=s-1")]
    [InlineData("?sessionId[]=s-1")]
    [InlineData("?a;session_id=s-1")]
    [InlineData("?session.id=s-1")]
    public async Task A_stream_names_no_session_that_is_not_the_callers(string query)
    {
        await using var world = await StartAsync(_ => "/mcp/message?sessionId=s-1");

        var answer = await world.Gateway.SendAsync(HttpMethod.Get, "/weather/sse" + query, world.WeatherToken());

        Assert.Equal((404, "session_not_yours"), (answer.Status, answer.Reason));
        Assert.Empty(world.Weather.Requests);
    }
}
