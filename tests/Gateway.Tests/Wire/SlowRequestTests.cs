using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>Who does not finish a body is refused before anything is done for it.</summary>
public sealed class SlowRequestTests
{
    /// <summary>Kestrel's grace is seconds long, so what it throws then is thrown here at once.</summary>
    [Fact]
    public async Task A_body_that_is_too_slow_is_refused_and_sent_nowhere()
    {
        await using var world = await World.StartAsync(configure: builder => builder.Services.AddSingleton<IStartupFilter, SlowBodies>());

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((408, "body_invalid"), (answer.Status, answer.Reason));
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("mcp.request.refused", "body_invalid", "request", 408), (line["event"]!.GetValue<string>(), line["reason"]!.GetValue<string>(), line["category"]!.GetValue<string>(), line["status"]!.GetValue<int>()));
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\n{")]
    [InlineData("Content-Length: 100\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")]
    public async Task A_body_that_does_not_come_is_told_as_no_fault_of_the_gateway(string rest)
    {
        TestGateway gateway;
        await using (var world = await World.StartAsync(options => options["Servers"]!["weather"]!["RequestBodyTimeout"] = "00:00:00.2"))
        {
            gateway = world.Gateway;

            var answer = await SocketClient.ExchangeAsync(world, $"POST /weather HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {world.WeatherToken()}\r\nContent-Type: application/json\r\n{rest}");

            Assert.Equal(408, answer.Status);
            world.AssertNothingWasSent();
        }

        // After the answer, Kestrel looks for what is left of the body.
        Assert.DoesNotContain("draining", gateway.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", gateway.Log, StringComparison.Ordinal);
    }

    private sealed class SlowBodies : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(following => context =>
            {
                context.Request.Body = new SlowBody();
                return following(context);
            });
            next(app);
        };
    }

    private sealed class SlowBody : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new BadHttpRequestException("Reading the request body timed out due to data arriving too slowly.", StatusCodes.Status408RequestTimeout);
    }
}
