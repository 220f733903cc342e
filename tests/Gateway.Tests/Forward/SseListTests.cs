using System.Text.Json.Nodes;
using System.Threading.Channels;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>FilterLists where the list comes on another answer than that to its request: by the token that asked, not by the one that opened the stream.</summary>
public sealed class SseListTests
{
    private const string List = """{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"delete_x"}]}}""";
    private const string Seen = """{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"private","tools":[{"name":"echo"}]}}""";
    private const string All = """{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"private","tools":[{"name":"echo"},{"name":"delete_x"}]}}""";

    private static void Configure(JsonObject options, bool filter)
    {
        var server = options["Servers"]!["weather"]!;
        server["Transport"] = "http+sse";
        server["FilterLists"] = filter;
        server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete_*", ["Scopes"] = new JsonArray("mcp:admin") });
    }

    /// <param name="says">What the server answers a POST with, besides the list on the stream.</param>
    /// <param name="filter">Whether lists are filtered from the start.</param>
    private static async Task<World> StartAsync(Func<HttpContext, Task>? says = null, bool filter = true)
    {
        var world = await World.StartAsync(options => Configure(options, filter));
        var posts = Channel.CreateUnbounded<string>();
        world.Weather.Answer = async context =>
        {
            if (context.Request.Method == "POST")
            {
                await posts.Writer.WriteAsync(List);
                context.Response.StatusCode = 202;
                await (says?.Invoke(context) ?? Task.CompletedTask);
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("event: endpoint\ndata: /mcp/message?sessionId=s-1\n\n");
            await context.Response.Body.FlushAsync();
            await foreach (var message in posts.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync($"event: message\ndata: {message}\n\n");
                await context.Response.Body.FlushAsync();
            }
        };
        return world;
    }

    private static string Token(World world, bool isAdmin) => world.WeatherToken((_, payload) => payload["scope"] = isAdmin ? "mcp:read mcp:admin" : "mcp:read");

    private static async Task<(Listener Stream, string Endpoint)> OpenAsync(World world, string token)
    {
        var stream = await Listener.OpenAsync(world, HttpMethod.Get, "/weather/sse", token);
        Assert.Equal("event: endpoint", await stream.LineAsync());
        return (stream, (await stream.LineAsync())!["data: ".Length..]);
    }

    private static async Task<string> NextAsync(Listener stream)
    {
        Assert.Equal(("", "event: message"), (await stream.LineAsync(), await stream.LineAsync()));
        return (await stream.LineAsync())!["data: ".Length..];
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_list_shows_what_the_token_that_asks_for_it_may_use_whoever_opened_the_stream(bool opener)
    {
        await using var world = await StartAsync();
        var (stream, endpoint) = await OpenAsync(world, Token(world, opener));
        using var _ = stream;
        foreach (var asks in (bool[])[false, true, false])
        {
            Assert.Equal(202, (await world.Gateway.CallAsync(endpoint, Token(world, asks), Messages.Of("tools/list"))).Status);
            Assert.Equal(asks ? All : Seen, await NextAsync(stream));

            // What asks for no list changes nothing of what lists show.
            Assert.Equal(202, (await world.Gateway.CallAsync(endpoint, Token(world, !asks), Messages.Of("ping"))).Status);
            Assert.Equal(asks ? All : Seen, await NextAsync(stream));
        }
    }

    [Fact]
    public async Task A_stream_that_was_open_before_the_rules_changed_shows_no_more_than_they_allow_who_asks_now()
    {
        await using var world = await StartAsync(filter: false);
        var token = Token(world, isAdmin: false);
        var (stream, endpoint) = await OpenAsync(world, token);
        using var _ = stream;
        await world.Gateway.CallAsync(endpoint, token, Messages.Of("tools/list"));
        Assert.Equal(List, await NextAsync(stream));

        var options = World.Options(world.As, world.Weather, world.Notes);
        Configure(options, filter: true);
        world.Gateway.Write(options);
        world.Gateway.Services.GetRequiredService<Reload>().Poll();
        await world.Gateway.CallAsync(endpoint, token, Messages.Of("tools/list"));

        Assert.Equal(Seen, await NextAsync(stream));
    }

    [Theory]
    [InlineData(null, "Accepted", "Accepted")]
    [InlineData("text/plain", "Accepted", "Accepted")]
    [InlineData("application/json", "\"Accepted\"", "\"Accepted\"")]
    [InlineData("application/json", List, Seen)]
    [InlineData("text/plain", List, Seen)]
    [InlineData(null, "", "")]
    public async Task What_a_server_answers_a_post_with_is_no_list_that_must_be_read_but_hides_as_much_where_it_is_one(string? type, string body, string seen)
    {
        await using var world = await StartAsync(context =>
        {
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body);
        });
        var token = Token(world, isAdmin: false);
        var (stream, endpoint) = await OpenAsync(world, token);
        using var _ = stream;

        var answer = await world.Gateway.CallAsync(endpoint, token, Messages.Of("tools/list"));

        Assert.Equal((202, seen), (answer.Status, answer.Body));
        Assert.Equal(Seen, await NextAsync(stream));
    }
}
