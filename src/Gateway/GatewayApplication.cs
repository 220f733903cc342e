using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Text;
using Gateway.Authenticate;
using Gateway.Authorize.Bodies;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Connections;
using Gateway.Forward;
using Gateway.Front;
using Gateway.Generations;
using Gateway.Lifecycle;
using Gateway.Management;
using Gateway.Observe;
using Gateway.Revoke;
using Gateway.Revoke.Shared;
using Gateway.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Local;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace Gateway;

/// <summary>How a gateway is started inside a process: by its own commands, by the demo, by tests.</summary>
public sealed record GatewayStart
{
    /// <summary>The path of gateway.json.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>Host options and overrides, as on the command line (<c>--urls</c>, <c>--Gateway:PublicUrl</c>).</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Where time comes from.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Whether the process is there for this gateway alone, which then decides on what threads sockets are served.</summary>
    internal bool OwnsProcess { get; init; }

    /// <summary>Changes to the host before it is built, such as another logger.</summary>
    public Action<WebApplicationBuilder>? Configure { get; init; }
}

/// <summary>The gateway cannot start; the message lists every problem.</summary>
public sealed class ConfigurationException(string message) : Exception(message);

/// <summary>Composes the gateway; reads as the path of a request.</summary>
public static class GatewayApplication
{
    /// <summary>A gateway that is ready to run. Throws <see cref="ConfigurationException"/> with every problem of the configuration.</summary>
    public static WebApplication Create(GatewayStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        var input = ConfigurationInput.Of(start.ConfigPath, start.Arguments);
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
        Host(builder, loaded, start);
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = options.InlineScheduling;
            sockets.MaxReadBufferSize = FairTransport.MaxUnread;
        });
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new FairListeners(ActivatorUtilities.CreateInstance<SocketTransportFactory>(services)));
        var clock = new CarefulTime(start.Clock);
        Services(builder.Services, options, input, clock);
        builder.Services.AddSingleton(new ReloadState(loaded, seen));
        builder.AddGatewayObserve(options);
        builder.Services.AddGatewayManagement(options.Management);
        start.Configure?.Invoke(builder);

        var app = builder.Build();
        clock.TellOf(app.Services.GetRequiredService<ILoggerFactory>());
        Telemetry.Listen(app.Services);
        Watch(app.Services);
        Pipeline(app);
        try
        {
            app.Services.GetRequiredService<LiveGenerations>().Apply(options);
        }
        catch (Exception exception) when (exception is LocalIssuerException)
        {
            throw new ConfigurationException(exception.Message);
        }

        return app;
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

    private static void Services(IServiceCollection services, GatewayOptions options, ConfigurationInput input, TimeProvider clock)
    {
        services.AddSingleton<TimeProvider>(clock);
        services.AddSingleton(input);
        services.AddSingleton(new ClientAddress([.. options.TrustedProxies.Select(range => IPNetwork.Parse(range))]));
        services.AddSingleton(new ExchangeCache(new ExchangeCacheSettings(options.Cache.Capacity, options.Cache.MaxAge), clock));
        Revocation(services, options, clock);
        services.AddSingleton<BackchannelLogout>();
        services.AddSingleton<SecurityEvents>();
        services.AddSingleton<FrontEndpoints>();
        services.AddSingleton<InactiveTokens>();
        services.AddSingleton<RequestEnd>();
        services.AddSingleton<Refusals>();
        services.AddSingleton<OpenStreams>();
        services.AddSingleton<Health>();
        services.AddSingleton<ManagementView>();
        services.AddSingleton(provider => provider.GetRequiredService<ManagementView>().State);
        services.AddSingleton<RuntimePool>();
        services.AddSingleton<SessionKeys>();
        services.AddSingleton<HeldBodies>();
        services.AddSingleton<GenerationBuilder>();
        services.AddSingleton<LiveGenerations>();
        services.AddSingleton<Entry>();
        services.AddSingleton<RequestPath>();
        services.AddSingleton<HeldEvents>();
        services.AddSingleton<AnswerRewrite>();
        services.AddSingleton<InboundResponse>();
        services.AddSingleton<Standing>();
        services.AddSingleton<OutboundRequest>();
        services.AddSingleton<Reload>();
        services.AddHostedService(provider => provider.GetRequiredService<Reload>());
        services.AddHostedService(provider => new Drain(
            provider.GetRequiredService<IHostApplicationLifetime>(),
            provider.GetRequiredService<Health>(),
            provider.GetRequiredService<OpenStreams>(),
            options.DrainDelay,
            clock));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainDelay + Drain.FinishTime);
        services.AddRouting();

        services.AddSingleton(new InMemoryConfigProvider([], []));
        services.AddSingleton<IProxyConfigProvider>(provider => provider.GetRequiredService<InMemoryConfigProvider>());
        services.AddSingleton<OutboundClients>();
        services.AddSingleton<IForwarderHttpClientFactory>(provider => provider.GetRequiredService<OutboundClients>());
        services.AddSingleton<DistributedContextPropagator, TraceContext>();
        services.AddReverseProxy().AddTransforms(transforms =>
        {
            var response = transforms.Services.GetRequiredService<InboundResponse>();
            transforms.CopyRequestHeaders = false;
            transforms.UseDefaultForwarders = false;
            transforms.RequestTransforms.Clear();
            transforms.AddRequestTransform(transforms.Services.GetRequiredService<OutboundRequest>().Apply);
            transforms.AddResponseTransform(response.ApplyAsync);
            transforms.AddResponseTrailersTransform(InboundResponse.ApplyAsync);
        });
        KeepNoKeyRing(services);
    }

    /// <summary>YARP brings data protection, for cookies that nothing here sets: at start it would read a ring of keys from the home directory, and write one there.</summary>
    private static void KeepNoKeyRing(IServiceCollection services)
    {
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        var ring = typeof(IDataProtectionBuilder).Assembly;
        foreach (var loading in services.Where(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == ring).ToList())
        {
            services.Remove(loading);
        }
    }

    /// <summary>What is revoked, and who else is to know of it: nobody, or all replicas.</summary>
    private static void Revocation(IServiceCollection services, GatewayOptions options, TimeProvider clock)
    {
        services.AddSingleton<Revoker>();
        if (options.SharedState is not { Redis: { } redis } state)
        {
            services.AddSingleton(new Revocations(clock));
            services.AddSingleton<IRevocationLog>(new ProcessLog(new UsedTokens(clock)));
            return;
        }

        var freshness = new StateFreshness(state.MaxStaleness, state.OnStale == OnStale.Serve, clock);
        services.AddSingleton(new Revocations(clock) { Freshness = freshness });
        services.AddSingleton(new StateHealth(freshness));
        services.AddSingleton(_ => new RedisConnection(redis));
        services.AddSingleton(provider => new RedisState(provider.GetRequiredService<RedisConnection>(), redis.MinReplicas));
        services.AddSingleton<SharedLog>();
        services.AddSingleton<IRevocationLog>(provider => provider.GetRequiredService<SharedLog>());
        services.AddSingleton<StateFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<StateFeed>());
    }

    private static void Host(WebApplicationBuilder builder, LoadedConfiguration loaded, GatewayStart start)
    {
        var configuration = builder.Configuration;
        configuration.AddEnvironmentVariables("DOTNET_");
        configuration.AddEnvironmentVariables("ASPNETCORE_");
        configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(loaded.Host.ToJsonString())));
        configuration.AddCommandLine([.. HostArguments(start.Arguments)]);
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        if (!endpoints && configuration["urls"] is null && configuration["http_ports"] is null && configuration["https_ports"] is null)
        {
            configuration.AddInMemoryCollection([KeyValuePair.Create<string, string?>("urls", ListeningAddresses.Default)]);
        }

        var hosts = configuration["AllowedHosts"]?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        builder.Services.AddHostFiltering(filtering => filtering.AllowedHosts = hosts.Length > 0 ? hosts : ["*"]);
        builder.Logging.AddConfiguration(configuration.GetSection("Logging"));
        builder.Logging.AddConsole();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            var section = context.Configuration.GetSection("Kestrel");
            Tls(kestrel, section);

            // Below TLS, and for every endpoint: whatever is said on a connection is read through it.
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection =>
            {
                connection.Transport = new FairTransport(connection.Transport);
                LastToken.On(connection);
                return next(connection);
            }));
            Limits(kestrel.Configure(section).Options, loaded.Limits);
        });
    }

    /// <summary>
    /// Nobody is asked about a client's certificate. Where one is asked for and not required, nobody judges who issued it: a token is
    /// bound to the very certificate, which may be self-signed (RFC 8705 §2.2, §3). Where one is required anywhere, every chain is judged.
    /// </summary>
    private static void Tls(KestrelServerOptions kestrel, IConfiguration section)
    {
        const string mode = nameof(HttpsConnectionAdapterOptions.ClientCertificateMode);
        var required = section.AsEnumerable().Any(pair => pair.Key.EndsWith(mode, StringComparison.OrdinalIgnoreCase) && nameof(ClientCertificateMode.RequireCertificate).Equals(pair.Value, StringComparison.OrdinalIgnoreCase));
        kestrel.ConfigureHttpsDefaults(https =>
        {
            https.OnAuthenticate = static (_, tls) => tls.CertificateChainPolicy = OfflineChain.Policy();
            if (!required)
            {
                https.ClientCertificateValidation = (_, _, errors) => errors == SslPolicyErrors.None || https.ClientCertificateMode == ClientCertificateMode.AllowCertificate;
            }
        });
    }

    /// <summary>The connection-level limits: who is slow or large is cut off here, before any stage.</summary>
    private static void Limits(KestrelServerOptions kestrel, KestrelLimitsOptions limits)
    {
        kestrel.AddServerHeader = false;
        kestrel.ResponseHeaderEncodingSelector = _ => Encoding.UTF8;

        // A server's MaxRequestBody decides, while the body is read.
        kestrel.Limits.MaxRequestBodySize = null;
        limits.Apply(kestrel.Limits);
    }

    /// <summary>The options that are the host's own; overrides of gateway.json were applied when it was read.</summary>
    private static IEnumerable<string> HostArguments(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i].TrimStart('-').Split('=')[0];
            var inline = arguments[i].Contains('=', StringComparison.Ordinal);
            if (name is "urls" or "environment" or "contentRoot" or "http_ports" or "https_ports")
            {
                yield return inline ? arguments[i] : $"--{name}={arguments[i + 1]}";
            }

            if (!inline)
            {
                i++;
            }
        }
    }
}
