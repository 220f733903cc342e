using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>Baggage is the caller's business with the MCP server.</summary>
public sealed class BaggageTests
{
    [Fact]
    public async Task Baggage_goes_on_byte_for_byte()
    {
        await using var world = await World.StartAsync();

        await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.TryAddWithoutValidation("baggage", "tenant=acme;ttl=1,user%20id=a%2Cb"));

        Assert.Equal("tenant=acme;ttl=1,user%20id=a%2Cb", Assert.Single(world.Weather.Requests).Headers["baggage"]);
    }

    [Theory]
    [InlineData("Correlation-Context")]
    [InlineData("Request-Id")]
    public async Task Trace_headers_that_are_not_on_the_list_are_not_turned_into_ones_that_are(string name)
    {
        await using var world = await World.StartAsync();

        await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.TryAddWithoutValidation(name, "canary=1"));

        Assert.DoesNotContain("canary", Assert.Single(world.Weather.Requests).Everything, StringComparison.Ordinal);
    }
}
