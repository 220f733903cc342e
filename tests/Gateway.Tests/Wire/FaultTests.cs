using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>A fault of the gateway itself is answered as a refusal is, and shows nothing of itself.</summary>
public sealed class FaultTests
{
    private const string App = "https://app.example.com";

    [Theory]
    [InlineData(App, App)]
    [InlineData(TestGateway.PublicUrl, TestGateway.PublicUrl)]
    [InlineData(null, null)]
    public async Task A_fault_is_readable_by_the_page_that_asked_and_reaches_nobody_else(string? origin, string? allowed)
    {
        await using var world = await World.StartAsync(
            options => options["Servers"]!["weather"]!["AllowedOrigins"] = new JsonArray(App),
            configure: builder => builder.Services.AddSingleton<IStartupFilter, FaultyBodies>());

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request =>
        {
            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }
        });

        Assert.Equal((500, "internal_error"), (answer.Status, answer.Reason));
        Assert.Equal(allowed, answer.Headers.GetValueOrDefault("Access-Control-Allow-Origin"));
        Assert.Equal(allowed is null ? null : "Origin", answer.Headers.GetValueOrDefault("Vary"));
        Assert.Equal(allowed is not null, answer.Headers.GetValueOrDefault("Access-Control-Expose-Headers")?.Contains("X-Request-Id", StringComparison.Ordinal) ?? false);
        Assert.DoesNotContain(FaultyBody.Secret, answer.Body, StringComparison.Ordinal);
        Assert.Equal("internal_error", Assert.Single(world.Gateway.Audit)["reason"]!.GetValue<string>());
        world.AssertNothingWasSent();
    }

    private sealed class FaultyBodies : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
        {
            application.Use((context, rest) =>
            {
                context.Request.Body = new FaultyBody();
                return rest(context);
            });
            next(application);
        };
    }

    private sealed class FaultyBody : MemoryStream
    {
        public const string Secret = "what only the log may tell";

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new InvalidOperationException(Secret);
    }
}
