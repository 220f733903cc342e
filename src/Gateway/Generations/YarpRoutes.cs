using Yarp.ReverseProxy.Configuration;

namespace Gateway.Generations;

/// <summary>The routes and clusters that YARP serves; changes them, and knows when YARP did not.</summary>
/// <remarks>YARP logs what it cannot apply and goes on with what it had; a generation whose routes are not served must not be taken for served.</remarks>
internal sealed class YarpRoutes : IConfigChangeListener
{
    private readonly InMemoryConfigProvider provider = new([], []);
    private Exception? failure;

    /// <summary>Where YARP reads them.</summary>
    public IProxyConfigProvider Provider => provider;

    /// <summary>Synchronous: the endpoints are there when this returns. Throws what YARP threw, and then those of before are served.</summary>
    public void Update(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters)
    {
        failure = null;
        provider.Update(routes, clusters);
        if (failure is { } failed)
        {
            throw new InvalidOperationException("YARP cannot apply the routes.", failed);
        }
    }

    void IConfigChangeListener.ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) => failure = exception;

    void IConfigChangeListener.ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    void IConfigChangeListener.ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => failure = exception;

    void IConfigChangeListener.ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }
}
