using System.Diagnostics.Metrics;
using System.Text;
using Gateway.Observe;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Gateway.Tests.Observe.Harness;

/// <summary>Reads meters as Prometheus does, without a listener.</summary>
internal sealed class Scraped : IDisposable
{
    private readonly ServiceProvider services;
    private readonly RequestDelegate scrape;

    public Scraped(IMeterFactory meters)
    {
        var collection = new ServiceCollection().AddLogging().AddSingleton(meters);
        collection.AddOpenTelemetry().WithGatewayMeters(sent: false, scraped: true);
        services = collection.BuildServiceProvider();
        _ = services.GetRequiredService<MeterProvider>();
        scrape = Meters.Scrape(services);
    }

    public string Write()
    {
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = services, Response = { Body = body } };
        scrape(context).GetAwaiter().GetResult();
        return Encoding.UTF8.GetString(body.ToArray());
    }

    public void Dispose() => services.Dispose();
}
