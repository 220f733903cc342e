using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gateway.Configuration.Options;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Forward;

/// <summary>
/// A server as YARP's route and cluster. Both ids carry the generation: YARP's cluster state is mutable, and a request
/// that waits for its exchange during a reload must still go where its own generation says.
/// </summary>
internal static class YarpRecords
{
    public const string ServerMetadata = "server";
    public const string SocketsMetadata = "sockets";
    private const string TlsMetadata = "tls";

    public static RouteConfig Route(McpServer server) => new()
    {
        RouteId = IdOf(server),
        ClusterId = IdOf(server),
        Match = new RouteMatch { Path = server.Path == "/" ? "/{**rest}" : server.Path + "/{**rest}" },
        Metadata = new Dictionary<string, string> { [ServerMetadata] = server.Id, ["generation"] = server.Generation.ToString(CultureInfo.InvariantCulture) },
    };

    public static ClusterConfig Cluster(McpServer server, ServerOptions options) => new()
    {
        ClusterId = IdOf(server),
        LoadBalancingPolicy = options.Cluster.LoadBalancingPolicy,
        HealthCheck = options.Cluster.HealthCheck,
        HttpClient = (options.Cluster.HttpClient ?? HttpClientConfig.Empty) with
        {
            // Without these, one byte beyond ASCII in a header is a 502.
            RequestHeaderEncoding = options.Cluster.HttpClient?.RequestHeaderEncoding ?? "utf-8",
            ResponseHeaderEncoding = options.Cluster.HttpClient?.ResponseHeaderEncoding ?? "utf-8",
        },
        HttpRequest = (options.Cluster.HttpRequest ?? ForwarderRequestConfig.Empty) with { ActivityTimeout = options.StreamIdleTimeout },
        Destinations = server.Sessions.Destinations.ToDictionary(entry => entry.Key, entry => new DestinationConfig { Address = entry.Value }),
        Metadata = MetadataOf(server, TlsFiles.Of(options.Tls)),
    };

    /// <summary>The files for TLS towards the server, as its cluster says; null where it says nothing of them.</summary>
    public static TlsFiles? TlsOf(IReadOnlyDictionary<string, string>? metadata) =>
        metadata?.ContainsKey(TlsMetadata) == true
            ? new TlsFiles(metadata.GetValueOrDefault(TlsMetadata + ".ca"), metadata.GetValueOrDefault(TlsMetadata + ".certificate"), metadata.GetValueOrDefault(TlsMetadata + ".key"))
            : null;

    private static Dictionary<string, string> MetadataOf(McpServer server, TlsFiles? tls)
    {
        var metadata = new Dictionary<string, string> { [ServerMetadata] = server.Id };
        if (server.Relay.OnSockets)
        {
            metadata[SocketsMetadata] = "";
        }

        if (tls is null)
        {
            return metadata;
        }

        metadata[TlsMetadata] = "";
        foreach (var (name, path) in ((string, string?)[])[(".ca", tls.Authority), (".certificate", tls.Certificate), (".key", tls.Key)])
        {
            if (path is not null)
            {
                metadata[TlsMetadata + name] = path;
            }
        }

        return metadata;
    }

    /// <summary>What a session names a destination by: the same at every replica and in every generation, and telling nothing.</summary>
    public static string DestinationId(string address) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address)).AsSpan(0, 6));

    public static string IdOf(McpServer server) => string.Create(CultureInfo.InvariantCulture, $"{server.Id}@{server.Generation}");
}
