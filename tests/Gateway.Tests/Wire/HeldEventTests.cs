using System.Text;
using System.Text.Json.Nodes;
using Gateway.Forward;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>What an MCP server sends before it may pass takes little memory, and none that is another server's.</summary>
public sealed class HeldEventTests
{
    private const int Mebibyte = 1024 * 1024;

    private static Task<World> StartAsync(bool filtered) => World.StartAsync(options =>
    {
        foreach (var name in (string[])["weather", "notes"])
        {
            var server = options["Servers"]![name]!;
            if (filtered)
            {
                server["FilterLists"] = true;
                server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
            }
            else
            {
                server["Transport"] = "http+sse";
            }
        }
    });

    private static string Filler(int length, string line = "") =>
        line.Length == 0 ? new string('x', length) : string.Concat(Enumerable.Repeat(line, length / line.Length));

    /// <summary>Answers with these pieces, then stays silent.</summary>
    private static RequestDelegate Says(params string[] pieces) => async context =>
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var piece in pieces)
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(piece), context.RequestAborted);
        }

        await context.Response.Body.FlushAsync(context.RequestAborted);
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    };

    [Fact]
    public async Task An_unfinished_event_of_a_filtered_stream_is_held_up_to_a_mebibyte_and_no_further()
    {
        await using var world = await StartAsync(filtered: true);
        world.Weather.Answer = Says("data: ", Filler(2 * Mebibyte));

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Get("/weather", world.WeatherToken()));

        Assert.Equal((200, false, ""), (answer.Status, answer.Complete, answer.Body));
    }

    [Theory]
    [InlineData("data: ", "")]
    [InlineData("event: message\ndata: ", "")]
    [InlineData("event: message\n", "data: some of it\n")]
    [InlineData("event: message\r\n", "data: some of it\r\n")]
    [InlineData("", ":\n")]
    public async Task A_large_event_of_the_older_transport_passes_as_it_is(string start, string line)
    {
        await using var world = await StartAsync(filtered: false);
        var large = start + Filler(17 * Mebibyte, line) + "\n\n";
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(large + "event: endpoint\ndata: /mcp/message?sessionId=s-1\n\n"));
        };

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Get("/weather/sse", world.WeatherToken()));

        Assert.True(answer.Complete);
        Assert.Equal(large, answer.Body[..large.Length]);
        Assert.StartsWith("event: endpoint\ndata: /weather/message?sessionId=", answer.Body[large.Length..], StringComparison.Ordinal);
        Assert.DoesNotContain("sessionId=s-1", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: ", "\nevent: endpoint\n\n")]
    [InlineData("data: ", "\nevent:endpoint\r\n\r\n")]
    [InlineData("data: ", "\r\nid: 1\r\nevent: endpoint\r\ndata: /mcp/message?sessionId=1\r\n\r\n")]
    [InlineData("event: message\ndata: ", "\nevent: endpoint\n\n")]
    [InlineData("event: endpoint\ndata: ", "\n\n")]
    [InlineData("data: http://elsewhere.example.net/\ndata: ", "\u2028event: endpoint\u2028\n\n")]
    public async Task A_large_event_that_turns_out_to_announce_an_endpoint_never_ends_for_the_client(string start, string end)
    {
        await using var world = await StartAsync(filtered: false);
        world.Weather.Answer = Says(start, Filler(3 * Mebibyte), end, "data: more\n\n");

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Get("/weather/sse", world.WeatherToken()));

        Assert.DoesNotContain("\n\n", answer.Body.Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n'), StringComparison.Ordinal);
        Assert.DoesNotContain("more", answer.Body, StringComparison.Ordinal);
        Assert.Contains("announced an endpoint outside its destination", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_server_takes_its_share_of_the_memory_and_the_streams_of_another_go_on()
    {
        const int Streams = 24;
        await using var world = await StartAsync(filtered: true);
        world.Weather.Answer = Says("data: ", Filler(Mebibyte - 64 * 1024));
        world.Notes.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("data: {\"a\":\"" + Filler(Mebibyte / 2) + "\"}\n\n"));
        };
        var held = world.Gateway.Services.GetRequiredService<HeldEvents>();
        var hostile = new List<SocketClient>();
        try
        {
            for (var i = 0; i < Streams; i++)
            {
                var client = await SocketClient.ConnectAsync(world.Gateway.Url);
                hostile.Add(client);
                await client.SendAsync(SocketClient.Get("/weather", world.WeatherToken()));
            }

            // Those beyond the share are cut; the others hold what they hold.
            var cut = hostile.Select(client => client.EndAsync()).ToList();
            for (var i = 0; i < Streams - (int)(HeldEvents.Share / Mebibyte) - 2; i++)
            {
                cut.Remove(await Task.WhenAny(cut));
            }

            var other = await SocketClient.ExchangeAsync(world, SocketClient.Get("/notes", world.As.Token(World.NotesResource)));

            Assert.True(held.Bytes <= HeldEvents.Share + Mebibyte, $"{held.Bytes}");
            Assert.True(other is { Status: 200, Complete: true, Body.Length: > Mebibyte / 2 });
        }
        finally
        {
            hostile.ForEach(client => client.Dispose());
        }
    }
}
