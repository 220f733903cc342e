using System.Net;

namespace TokenExchange.Issuers;

/// <summary>
/// The proxy that the environment names for https (<c>HTTPS_PROXY</c>, <c>ALL_PROXY</c>, less <c>NO_PROXY</c>), for addresses
/// beyond this machine. Plain http never goes through one: what is allowed to be unencrypted is allowed between two ends alone.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy
{
    public static readonly EnvironmentProxy Instance = new();

    public ICredentials? Credentials
    {
        get => HttpClient.DefaultProxy.Credentials;
        set => throw new NotSupportedException();
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : HttpClient.DefaultProxy.GetProxy(destination);

    public bool IsBypassed(Uri host) =>
        host.Scheme != Uri.UriSchemeHttps || Loopback.Is(host) || HttpClient.DefaultProxy.IsBypassed(host);
}
