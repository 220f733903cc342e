using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>The gateway's own time is what was not spent waiting for the MCP server.</summary>
public sealed class OverheadTests
{
    [Fact]
    public async Task Waiting_for_an_MCP_server_that_never_answers_is_not_the_gateways_time()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(Operator.Management(page: false), clock);
        world.Weather.Answer = context =>
        {
            clock.Advance(TimeSpan.FromSeconds(20));
            context.Abort();
            return Task.CompletedTask;
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((502, "upstream_unavailable"), (answer.Status, answer.Reason));
        var sum = Assert.Single(Operator.Samples((await world.Gateway.GetAsync("/metrics")).Body), sample => sample.Has("gateway_request_overhead_seconds_sum", ("server", "weather")));
        Assert.Equal(0, sum.Value);
    }
}
