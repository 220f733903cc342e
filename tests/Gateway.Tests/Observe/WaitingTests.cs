using System.Text.Json.Nodes;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Gateway.Tests.Observe;

/// <summary>An MCP server that sends its headers at once and takes its time over the rest: none of that is the gateway's.</summary>
public sealed class WaitingTests
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    public async Task Waiting_for_the_first_byte_of_a_body_is_not_the_gateways_time(string type)
    {
        var clock = new ManualClock();
        var relayed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var world = await World.StartAsync(
            Operator.Management(page: false),
            clock,
            builder => builder.Services.AddSingleton<ITransformProvider>(new Answers(_ =>
            {
                relayed.SetResult();
                return default;
            })));
        world.Weather.Answer = async context =>
        {
            clock.Advance(Slow);
            context.Response.ContentType = type;
            await context.Response.Body.FlushAsync(context.RequestAborted);

            // The gateway has done with the headers, and has nothing to wait for but the body.
            await relayed.Task.WaitAsync(context.RequestAborted);
            clock.Advance(Slow);
            await context.Response.Body.WriteAsync("data: {}\n\n"u8.ToArray(), context.RequestAborted);
        };

        using var listener = await Listener.OpenAsync(world, HttpMethod.Post, "/weather", world.WeatherToken(), Messages.Call("echo"));
        Assert.Equal("data: {}", await listener.LineAsync());

        Assert.Equal(0, await OverheadAsync(world));
    }

    [Fact]
    public async Task Waiting_for_the_rest_of_a_list_that_is_read_whole_is_not_the_gateways_time()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(
            options =>
            {
                Operator.Management(page: false)(options);
                options["Servers"]!["weather"]!["FilterLists"] = true;
                options["Servers"]!["weather"]!["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true });
            },
            clock,
            builder => builder.Services.Insert(0, ServiceDescriptor.Singleton<ITransformProvider>(new Answers(async transform =>
            {
                var content = transform.ProxyResponse!.Content;
                var slow = new StreamContent(new SlowStream(await content.ReadAsByteArrayAsync(), () => clock.Advance(Slow)));
                slow.Headers.ContentType = content.Headers.ContentType;
                transform.ProxyResponse.Content = slow;
            }))));
        world.Weather.Answer = context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("""{"result":{"tools":[{"name":"wipe"}]}}""");
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of("tools/list"));

        Assert.Equal("""{"result":{"cacheScope":"private","tools":[]}}""", answer.Body);
        Assert.Equal(0, await OverheadAsync(world));
    }

    private static async Task<double> OverheadAsync(World world)
    {
        var samples = Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body);
        Assert.Equal(1, Assert.Single(samples, sample => sample.Has("gateway_request_overhead_seconds_count", ("server", "weather"))).Value);
        return Assert.Single(samples, sample => sample.Has("gateway_request_overhead_seconds_sum", ("server", "weather"))).Value;
    }

    /// <summary>Sees every answer before or after the gateway does, as it is registered.</summary>
    private sealed class Answers(Func<ResponseTransformContext, ValueTask> seen) : ITransformProvider
    {
        public void Apply(TransformBuilderContext context) => context.AddResponseTransform(seen);

        public void ValidateCluster(TransformClusterValidationContext context)
        {
        }

        public void ValidateRoute(TransformRouteValidationContext context)
        {
        }
    }

    /// <summary>A body that time passes with, read by read.</summary>
    private sealed class SlowStream(byte[] bytes, Action passes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            passes();
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
