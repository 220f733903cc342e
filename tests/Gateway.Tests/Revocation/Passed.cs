using System.Collections.Concurrent;
using Gateway.Exchange;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>Keeps the requests that passed every gate, for a test that goes on with them on threads of its own.</summary>
internal sealed class Passed : IStartupFilter
{
    private readonly ConcurrentQueue<GatewayRequest> requests = new();

    public void AddTo(WebApplicationBuilder builder) => builder.Services.AddSingleton<IStartupFilter>(this);

    /// <summary>A request of this subject that passed.</summary>
    public async Task<(GatewayRequest Request, Cleared Cleared)> OfAsync(World world, string subject)
    {
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["sub"] = subject))).Status);
        var request = requests.Last(request => request.Cleared?.Inbound.Subject == subject);
        return (request, request.Cleared!);
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(inner => context =>
        {
            // Before the answer leaves, so that whoever has it finds the request here.
            context.Response.OnStarting(() =>
            {
                requests.Enqueue(GatewayRequest.Of(context));
                return Task.CompletedTask;
            });
            return inner(context);
        });
        next(app);
    };
}
