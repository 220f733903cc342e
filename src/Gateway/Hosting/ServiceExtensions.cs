using System.Diagnostics;
using Gateway.Authenticate;
using Gateway.Authorize.Bodies;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Configuration.Rules;
using Gateway.Forward;
using Gateway.Front;
using Gateway.Generations;
using Gateway.Lifecycle;
using Gateway.Management;
using Gateway.Observe;
using Gateway.Revoke;
using Gateway.Revoke.Shared;
using Gateway.Sessions;
using Microsoft.AspNetCore.DataProtection;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace Gateway.Hosting;

/// <summary>What a gateway is made of, in the order of the request's path, and YARP, which sends.</summary>
internal static class ServiceExtensions
{
    public static void AddGateway(this IServiceCollection services, GatewayOptions options, ConfigurationInput input, TimeProvider clock)
    {
        services.AddSingleton<TimeProvider>(clock);
        services.AddSingleton(input);
        services.AddSingleton(new ClientAddress([.. options.TrustedProxies.Select(AddressRanges.Parse)]));
        services.AddSingleton(_ => new ExchangeCache(new ExchangeCacheSettings(options.Cache.Capacity, options.Cache.MaxAge), clock));
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
        services.AddSingleton(new HeldEvents(AvailableMemory.Answers(AvailableMemory.Bytes)));
        services.AddSingleton(new UnderWay(UnderWay.MostOf(FileDescriptors.Limit, AvailableMemory.Requests(AvailableMemory.Bytes))));
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

        var yarp = new YarpRoutes();
        services.AddSingleton(yarp);
        services.AddSingleton(yarp.Provider);
        services.AddSingleton<IConfigChangeListener>(yarp);
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
}
