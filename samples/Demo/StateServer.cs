using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Garnet;
using Garnet.server;

namespace Demo;

/// <summary>A real server of the Redis protocol in this process, on loopback and in memory only: the state that replicas share.</summary>
internal sealed class StateServer : IDisposable
{
    private readonly GarnetServer _server;

    static StateServer()
    {
        // It reads a list of its commands by reflection, which this process, like the gateway, does without otherwise.
        foreach (var data in new[] { typeof(RespCommandsInfo), typeof(RespCommandDocs) })
        {
            var reader = typeof(RespCommandsInfo).Assembly.GetType("Garnet.server.DefaultRespCommandsDataProvider`1", throwOnError: true)!.MakeGenericType(data);
            var options = (JsonSerializerOptions)reader.GetField("SerializerOptions", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!.GetValue(null)!;
            options.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        }
    }

    private StateServer(int port, GarnetServer server) => (Port, _server) = (port, server);

    /// <summary>Starts one, empty, on that port, or on a free one: it chooses none itself, and somebody may be faster.</summary>
    public static StateServer Start(int? at = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = at ?? GatewayReplica.FreePort();
            var server = new GarnetServer(new GarnetServerOptions { EndPoints = [new IPEndPoint(IPAddress.Loopback, port)], QuietMode = true });
            try
            {
                server.Start();
                return new StateServer(port, server);
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse && at is null && attempt < 5)
            {
                server.Dispose();
            }
        }
    }

    /// <summary>Where it listens, as <c>SharedState:Redis:Endpoints</c> says it.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    public int Port { get; }

    /// <summary>Stops it; it forgets everything.</summary>
    public void Dispose() => _server.Dispose();
}
