using Gateway.Configuration.Options;
using Gateway.Management;
using Gateway.Observe.Traffic;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gateway.Observe;

/// <summary>Everything that tells what the gateway does, in one call.</summary>
internal static class ObserveExtensions
{
    /// <summary>
    /// Adds logging, telemetry, metrics, the audit and, when configured, the management listener, for which the
    /// application registers a <see cref="ManagementState"/>.
    /// </summary>
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
        if (options.Management is { Url: not null } management)
        {
            services.AddSingleton(management);
            if (management.Page)
            {
                services.AddSingleton(new RefusalGroups());
                services.AddSingleton(new RecentRevocations());
                services.AddSingleton<TrafficByServer>();
                services.AddSingleton<ExchangeHistory>();
            }

            services.AddSingleton<ManagementEndpoints>();
            services.AddSingleton<ManagementListener>();
            services.AddHostedService(provider => provider.GetRequiredService<ManagementListener>());
        }

        return builder;
    }
}
