using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>An event stream reaches the client as it is written: its headers before any byte of a body, each line before the next is sent.</summary>
public sealed class FirstBytesTests
{
    [Theory]
    [InlineData("POST", false)]
    [InlineData("POST", true)]
    [InlineData("GET", false)]
    [InlineData("GET", true)]
    public async Task Headers_come_before_the_first_event_and_each_event_before_the_next_is_sent(string method, bool filtered)
    {
        using var step = new SemaphoreSlim(0);
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["FilterLists"] = filtered;
            options["Servers"]!["weather"]!["Operations"] = new JsonArray(new JsonObject { ["Method"] = "x/*", ["Deny"] = true });
        });
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            foreach (var text in (string[])[": comment\n", "data: 1\n\n", "data: 2\n\n"])
            {
                await step.WaitAsync(context.RequestAborted);
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
            }
        };

        using var listener = await Listener.OpenAsync(world, new HttpMethod(method), "/weather", world.WeatherToken(), method == "POST" ? Messages.Of("tools/list") : null);

        step.Release();
        Assert.Equal(": comment", await listener.LineAsync());
        step.Release();
        Assert.Equal(("data: 1", ""), (await listener.LineAsync(), await listener.LineAsync()));
        step.Release();
        Assert.Equal(("data: 2", "", null), (await listener.LineAsync(), await listener.LineAsync(), await listener.LineAsync()));
    }
}
