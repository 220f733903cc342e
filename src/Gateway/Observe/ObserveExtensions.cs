using Gateway.Configuration.Options;
using Gateway.Observe.Traffic;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gateway.Observe;

/// <summary>Everything that tells what the gateway does, in one call.</summary>
internal static class ObserveExtensions
{
    /// <summary>Adds logging, telemetry, metrics, the audit and, when configured, what the management page remembers.</summary>
    public static WebApplicationBuilder AddGatewayObserve(this WebApplicationBuilder builder, GatewayOptions options)
    {
        builder.AddGatewayLogging();
        builder.AddGatewayTelemetry(scraped: options.Management?.Url is not null);
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton(provider => new AuditLog(
            options.Audit,
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<GatewayMetrics>(),
            provider.GetRequiredService<TimeProvider>()));
        if (options.Management is { Url: not null, Page: true })
        {
            services.AddSingleton(new RefusalGroups());
            services.AddSingleton(new RecentRevocations());
            services.AddSingleton<TrafficByServer>();
            services.AddSingleton<ExchangeHistory>();
        }

        return builder;
    }
}
