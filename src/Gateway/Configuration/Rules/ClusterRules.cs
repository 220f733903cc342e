using Yarp.ReverseProxy.Configuration;

namespace Gateway.Configuration.Rules;

/// <summary>YARP's own keys: <c>cluster-unsafe</c>, and <c>cluster</c> for what YARP's validator refuses.</summary>
internal static class ClusterRules
{
    private static readonly Lazy<IConfigValidator> Validator = new(() =>
        new ServiceCollection().AddLogging().AddReverseProxy().Services.BuildServiceProvider().GetRequiredService<IConfigValidator>());

    public static void ClustersAreSafe(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var cluster = server.Options.Cluster;
            if (cluster.HttpClient?.DangerousAcceptAnyServerCertificate == true)
            {
                context.Error("cluster-unsafe", RuleContext.KeyOf(server, "Cluster:HttpClient:DangerousAcceptAnyServerCertificate"), "Any certificate would be accepted, so that anybody on the way could take the hop tokens; remove this and trust the MCP server's certificate authority on this machine.");
            }

            if (cluster.HttpRequest?.AllowResponseBuffering == true)
            {
                context.Error("cluster-unsafe", RuleContext.KeyOf(server, "Cluster:HttpRequest:AllowResponseBuffering"), "Buffering holds events of a stream back; remove this.");
            }
        }
    }

    public static void YarpAccepts(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var options = server.Options.Cluster;
            var cluster = new ClusterConfig
            {
                ClusterId = server.Id,
                LoadBalancingPolicy = options.LoadBalancingPolicy,
                HealthCheck = options.HealthCheck,
                HttpClient = options.HttpClient,
                HttpRequest = options.HttpRequest,
                Destinations = server.Destinations.Select((address, i) => (address, i)).ToDictionary(pair => $"{pair.i}", pair => new DestinationConfig { Address = pair.address }),
            };
            foreach (var error in Validator.Value.ValidateClusterAsync(cluster).AsTask().GetAwaiter().GetResult())
            {
                context.Error("cluster", RuleContext.KeyOf(server, "Cluster"), $"YARP refuses this: {error.Message}");
            }

            // YARP would find out at each probe, log it and count the destination as ill.
            if (options.HealthCheck?.Active?.Path is { Length: > 0 } path && path[0] != '/')
            {
                context.Error("cluster", RuleContext.KeyOf(server, "Cluster:HealthCheck:Active:Path"), $"'{path}' must begin with '/'.");
            }

            if (options.HealthCheck?.Active?.Query is { Length: > 0 } query && (query[0] != '?' || query.Contains('#')))
            {
                context.Error("cluster", RuleContext.KeyOf(server, "Cluster:HealthCheck:Active:Query"), $"'{query}' must begin with '?' and hold no '#'.");
            }

            if (options.HealthCheck?.Active is { Enabled: true, Path: null or "" })
            {
                context.Warn("cluster-health", RuleContext.KeyOf(server, "Cluster:HealthCheck:Active"), "Active probes without a Path ask the MCP endpoint itself, which answers 401 or 405 and then counts as ill; write the Path of a health endpoint.");
            }
        }
    }
}
