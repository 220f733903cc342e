using Gateway.Authorize.Bodies;
using Gateway.Configuration;
using Gateway.Connections;
using Gateway.Generations;
using Gateway.Hosting;
using Gateway.Lifecycle;
using Gateway.Management;
using Gateway.Observe;
using Gateway.Revoke.Shared;
using TokenExchange.Outbound.Local;

namespace Gateway;

/// <summary>Composes the gateway; reads as the path of a request.</summary>
public static class GatewayApplication
{
    /// <summary>A gateway that is ready to run. Throws <see cref="ConfigurationException"/> with every problem of the configuration.</summary>
    public static WebApplication Create(GatewayStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        var input = ConfigurationInput.Of(start.ConfigPath, start.Arguments) with { Clock = start.Clock };
        var seen = Reload.DigestOf(input.Path);
        var loaded = ConfigurationLoader.Load(input);
        if (loaded.HasErrors || loaded.Options is not { } options)
        {
            throw new ConfigurationException(new ConfigurationReport(start.ConfigPath, loaded).Errors());
        }

        if (start.OwnsProcess)
        {
            SocketThreads.Serve(options.InlineScheduling);
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = Directory.GetCurrentDirectory() });
        builder.AddGatewayHost(loaded, options, start.Arguments);
        var clock = new CarefulTime(start.Clock);
        builder.Services.AddGateway(options, input, clock);
        builder.Services.AddSingleton(new ReloadState(loaded, seen));
        builder.AddGatewayObserve(options);
        builder.Services.AddGatewayManagement(options.Management);
        start.Configure?.Invoke(builder);

        var app = builder.Build();
        try
        {
            clock.TellOf(app.Services.GetRequiredService<ILoggerFactory>());
            Telemetry.Listen(app.Services);
            Watch(app.Services);
            Pipeline(app);
            app.Services.GetRequiredService<LiveGenerations>().Apply(options);
            app.Services.GetRequiredService<Reload>().Warn(loaded);
            return app;
        }
        catch (Exception exception)
        {
            // Files, threads, timers and meters are there by now, and nobody else has them in hand.
            app.DisposeAsync().AsTask().GetAwaiter().GetResult();
            if (exception is LocalIssuerException)
            {
                throw new ConfigurationException(exception.Message);
            }

            throw;
        }
    }

    /// <summary>Lets the metrics tell what others know.</summary>
    private static void Watch(IServiceProvider services)
    {
        var metrics = services.GetRequiredService<GatewayMetrics>();
        var bodies = services.GetRequiredService<HeldBodies>();
        metrics.WatchBodies(() => bodies.Total);
        if (services.GetService<StateHealth>() is { } state)
        {
            metrics.WatchState(() => state.Staleness, () => state.Ignored);
        }
    }

    private static void Pipeline(WebApplication app)
    {
        var entry = app.Services.GetRequiredService<Entry>();
        var path = app.Services.GetRequiredService<RequestPath>();
        var generations = app.Services.GetRequiredService<LiveGenerations>();
        if (app.Configuration["AllowedHosts"] is not (null or "" or "*"))
        {
            // Probes ask by a pod's address, and learn nothing but the status.
            app.UseWhen(context => context.Request.Path.Value is not (Health.LivePath or Health.ReadyPath), filtered => filtered.UseHostFiltering());
        }

        // YARP brings the services of ASP.NET Core's authorization, and the host would put its middleware before all else.
        // Nothing here asks it; an endpoint that did would be refused, not served.
        ((IApplicationBuilder)app).Properties["__AuthorizationMiddlewareSet"] = true;
        app.Use(next => context => entry.InvokeAsync(context, next));
        app.UseRouting();
        app.Use(next => context => context.GetEndpoint() is null ? entry.NotFoundAsync(context) : next(context));
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(next => context => path.InvokeAsync(context, next));
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        }).ConfigureEndpoints((endpoint, route) => endpoint.WithMetadata(generations.ServerOf(route)));
    }
}
