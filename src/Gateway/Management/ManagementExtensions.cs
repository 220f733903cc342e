using Gateway.Configuration.Options;

namespace Gateway.Management;

/// <summary>The management listener, in one call.</summary>
internal static class ManagementExtensions
{
    /// <summary>Adds the listener when one is configured; the application registers a <see cref="ManagementState"/> for it.</summary>
    public static void AddGatewayManagement(this IServiceCollection services, ManagementOptions? options)
    {
        if (options is { Url: not null })
        {
            services.AddSingleton(options);
            services.AddSingleton<ManagementEndpoints>();
            services.AddSingleton<ManagementListener>();
            services.AddHostedService(provider => provider.GetRequiredService<ManagementListener>());
        }
    }
}
