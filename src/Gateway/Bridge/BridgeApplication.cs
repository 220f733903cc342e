using Gateway.Observe;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Gateway.Bridge;

/// <summary>Composes the bridge: a web server of its own, without anything of the gateway's pipeline.</summary>
internal static class BridgeApplication
{
    /// <summary>Two graces of a process, and what it takes beside them.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(14);

    public static WebApplication Create(BridgeSettings settings, TimeProvider clock, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = Directory.GetCurrentDirectory() });
        builder.AddGatewayLogging();
        builder.Logging.AddConsole();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = BridgeAddress.Bind);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Child.MaxMessage + 1;
            settings.Address.ListenOn(kestrel);
        });
        var services = builder.Services;
        var time = new CarefulTime(clock);
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton(settings);
        services.AddSingleton<ChildWatch>();
        services.AddSingleton<Children>();
        services.AddHostedService(provider => provider.GetRequiredService<Children>());
        services.AddSingleton<BridgeSessions>();
        services.AddSingleton<SharedChild>();
        services.AddSingleton<MessageReader>();
        services.AddSingleton<BridgeEndpoint>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTime);
        configure?.Invoke(builder);

        var app = builder.Build();
        time.TellOf(app.Services.GetRequiredService<ILoggerFactory>());
        var endpoint = app.Services.GetRequiredService<BridgeEndpoint>();
        app.Run(endpoint.InvokeAsync);
        return app;
    }

    /// <summary>Where a started bridge is asked: the endpoint's URL.</summary>
    public static string UrlOf(WebApplication app)
    {
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return address + (address.StartsWith("http://unix:", StringComparison.Ordinal) ? ":/mcp" : "/mcp");
    }
}
