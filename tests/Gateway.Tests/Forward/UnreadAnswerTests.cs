using System.Text;
using System.Text.Json.Nodes;
using Gateway.Authorize.Bodies;
using Gateway.Forward;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>What was read whole before it may pass waits for its client within that client's own bounds, and takes nothing from others.</summary>
public sealed class UnreadAnswerTests
{
    private const int Mebibyte = 1024 * 1024;

    /// <summary>More than the system's own buffers take of it.</summary>
    private const int Length = AnswerRewrite.MaxList - 1024;

    /// <summary>Of which a principal has a quarter: two lists, and no third.</summary>
    private const int Budget = 4 * 2 * AnswerRewrite.MaxList;

    private static readonly string List =
        """{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"wipe"},{"name":"echo","description":"PAD"}]}}""".Replace("PAD", new string('x', Length), StringComparison.Ordinal);

    private static Task<World> StartAsync() => World.StartAsync(options =>
    {
        options["MaxBodyBytesHeld"] = Budget;
        var server = options["Servers"]!["weather"]!;
        server["FilterLists"] = true;
        server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
    });

    private static string Asks(World world, string subject) =>
        SocketClient.Post("/weather", world.WeatherToken((_, payload) => payload["sub"] = subject), Messages.Of("tools/list"));

    [Fact]
    public async Task Lists_that_nobody_reads_are_held_up_to_a_bound_and_given_back_when_their_client_leaves()
    {
        await using var world = await StartAsync();
        var held = world.Gateway.Services.GetRequiredService<HeldBodies>();
        world.Weather.Answer = context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(List)).AsTask();
        };
        var idle = new List<SocketClient>();
        try
        {
            for (var i = 1; i <= 2; i++)
            {
                idle.Add(await AskAsync(world, "mallory"));
                await Eventually.HoldsAsync(() => held.Total >= (long)i * Length);
            }

            var refused = await SocketClient.ExchangeAsync(world, Asks(world, "mallory"));
            var served = await SocketClient.ExchangeAsync(world, Asks(world, "alice"));

            Assert.Equal(503, refused.Status);
            Assert.Contains("\"reason\":\"overloaded\"", refused.Body, StringComparison.Ordinal);
            Assert.NotNull(refused.Header("Retry-After"));
            Assert.True(served is { Status: 200, Complete: true, Body.Length: > Length });
            Assert.InRange(held.Total, 0, Budget / 4);
        }
        finally
        {
            idle.ForEach(client => client.Reset());
        }

        await Eventually.HoldsAsync(() => held.Total == 0);
        Assert.Equal(200, (await SocketClient.ExchangeAsync(world, Asks(world, "mallory"))).Status);
    }

    [Fact]
    public async Task Events_that_nobody_reads_are_held_up_to_a_bound_and_what_is_read_is_held_no_more()
    {
        await using var world = await StartAsync();
        var held = world.Gateway.Services.GetRequiredService<HeldBodies>();
        var large = $"data: \"{new string('x', 3 * Mebibyte / 4)}\"\n\n";
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 8; i++)
            {
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(large), context.RequestAborted);
            }
        };
        var idle = new List<SocketClient>();
        try
        {
            for (var i = 0; i < 20; i++)
            {
                idle.Add(await AskAsync(world, "mallory"));
            }

            // Those beyond the bound are broken off, and the others wait.
            await Eventually.HoldsAsync(() => world.Gateway.Log.Contains("UnreadAnswerException", StringComparison.Ordinal));
            Assert.InRange(held.Total, Mebibyte, Budget / 4);

            var served = await SocketClient.ExchangeAsync(world, Asks(world, "alice"));
            Assert.True(served.Complete);
            Assert.Equal(8 * large.Length, served.Body.Length);
        }
        finally
        {
            idle.ForEach(client => client.Reset());
        }

        await Eventually.HoldsAsync(() => held.Total == 0);
        Assert.Equal(0, world.Gateway.Services.GetRequiredService<HeldEvents>().Bytes);
    }

    /// <summary>Asks, and reads nothing of the answer.</summary>
    private static async Task<SocketClient> AskAsync(World world, string subject)
    {
        var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync(Asks(world, subject));
        return client;
    }
}
