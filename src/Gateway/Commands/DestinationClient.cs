using System.Diagnostics;
using System.Net;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Generations;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Commands;

/// <summary>Sends messages to the destinations of one server over the connections of its requests: the cluster's TLS, version of HTTP and sockets.</summary>
internal sealed class DestinationClient : IDisposable
{
    private readonly McpServer server;
    private readonly ForwarderRequestConfig? settings;
    private readonly OutboundClients clients = new(TimeProvider.System, DistributedContextPropagator.CreateNoOutputPropagator());
    private readonly HttpMessageInvoker client;

    public DestinationClient(McpServer server, ClusterConfig cluster)
    {
        (this.server, settings) = (server, cluster.HttpRequest);
        IForwarderHttpClientFactory factory = clients;
        client = factory.CreateClient(new ForwarderHttpClientContext { ClusterId = cluster.ClusterId, NewConfig = cluster.HttpClient!, NewMetadata = cluster.Metadata });
    }

    /// <summary>Sends a message, and once more where the destination asked for its nonce alone, which every request is sent with.</summary>
    public async Task<HttpResponseMessage> SendAsync(string destination, DoctorMessage message, OutboundCredential credential, DoctorCaller? caller, CancellationToken cancellation)
    {
        var answer = await SendOnceAsync(destination, message, credential, caller, cancellation);
        if (server.Relay.Proof?.Take(destination, answer) != true)
        {
            return answer;
        }

        answer.Dispose();
        answer = await SendOnceAsync(destination, message, credential, caller, cancellation);
        server.Relay.Proof.Take(destination, answer);
        return answer;
    }

    public void Dispose() => clients.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(string destination, DoctorMessage message, OutboundCredential credential, DoctorCaller? caller, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(message.Verb, RequestUtilities.MakeDestinationAddress(destination, message.Rest, default))
        {
            Version = settings?.Version ?? HttpVersion.Version20,
            VersionPolicy = settings?.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower,
            Content = message.Body.Length == 0 ? null : new ByteArrayContent(message.Body) { Headers = { ContentType = new("application/json") } },
        };
        foreach (var (name, value) in message.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.Host = server.Relay.OnSockets ? UnixSockets.Host : null;
        OutboundRequest.InstallCredential(server, credential, TimeProvider.System, request.Headers);
        if (caller is not null)
        {
            OutboundRequest.InstallIdentity(server, caller.Subject, request.Headers);
        }

        OutboundRequest.InstallProof(server, credential, message.Verb.Method, destination, message.Rest, message.Body, TimeProvider.System, request.Headers);
        return await client.SendAsync(request, cancellation);
    }
}
