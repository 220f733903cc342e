using System.Net;
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

    /// <summary>Starts it, empty.</summary>
    public StateServer(int port)
    {
        Endpoint = $"127.0.0.1:{port}";
        _server = new GarnetServer(new GarnetServerOptions { EndPoints = [new IPEndPoint(IPAddress.Loopback, port)], QuietMode = true });
        _server.Start();
    }

    /// <summary>Where it listens, as <c>SharedState:Redis:Endpoints</c> says it.</summary>
    public string Endpoint { get; }

    /// <summary>Stops it; it forgets everything.</summary>
    public void Dispose() => _server.Dispose();
}
