using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Gateway.Observe;

/// <summary>The meters that are told about: the gateway's own, and the library's.</summary>
internal static class Meters
{
    /// <summary>Tags come from the configuration and closed sets; should one ever come from elsewhere, it does not fill the memory.</summary>
    public const int MaxSeries = 2000;

    /// <summary>Collects the meters, to be sent by OTLP, to be scraped by Prometheus, or both.</summary>
    public static void WithGatewayMeters(this IOpenTelemetryBuilder telemetry, bool sent, bool scraped)
    {
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(GatewayMetrics.MeterName, "TokenExchange", "Polly");
            if (sent)
            {
                metrics.AddOtlpExporter(Collector.Connect);
            }

            if (scraped)
            {
                metrics.AddPrometheusExporter(AsTheyAre);
            }
        });
        telemetry.Services.ConfigureOpenTelemetryMeterProvider(static (services, metrics) =>
        {
            var own = services.GetRequiredService<IMeterFactory>();
            metrics.AddView(instrument => View(instrument, own));
        });
    }

    /// <summary>What answers a scrape. One format for everybody: OpenMetrics spells bounds differently, and adds series.</summary>
    public static RequestDelegate Scrape(IServiceProvider services)
    {
        var pipeline = new ApplicationBuilder(services);
        pipeline.Use(static (context, next) =>
        {
            context.Request.Headers.Accept = "text/plain;version=0.0.4";
            return next(context);
        });
        return pipeline.UseOpenTelemetryPrometheusScrapingEndpoint(static _ => true).Build();
    }

    /// <summary>Metrics as they are now, under the labels that they have.</summary>
    private static void AsTheyAre(PrometheusAspNetCoreOptions options)
    {
        options.ScrapeResponseCacheDurationMilliseconds = 0;
        options.ScopeInfoEnabled = false;
        options.TargetInfoEnabled = false;
    }

    /// <summary>The gateway's meter is told apart from other gateways' in one process by its factory.</summary>
    private static MetricStreamConfiguration? View(Instrument instrument, IMeterFactory own) => instrument switch
    {
        { Meter.Name: GatewayMetrics.MeterName } when !ReferenceEquals(instrument.Meter.Scope, own) => MetricStreamConfiguration.Drop,
        { Name: "token_exchange.duration" } => new ExplicitBucketHistogramConfiguration { Boundaries = GatewayMetrics.Buckets, CardinalityLimit = MaxSeries },

        // What Polly measures in milliseconds is in token_exchange.duration; what it did is nowhere else.
        { Meter.Name: "Polly", Name: not "resilience.polly.strategy.events" } => MetricStreamConfiguration.Drop,
        _ => new MetricStreamConfiguration { CardinalityLimit = MaxSeries },
    };
}
