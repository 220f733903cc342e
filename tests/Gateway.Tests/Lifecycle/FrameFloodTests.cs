using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>
/// An MCP server that speaks HTTP/2 sends frames that ask for nothing, without a pause, on connections that nothing ends
/// (RFC 9113 §10.5). The callers of other servers do not feel it.
/// </summary>
[Collection(nameof(Floods))]
public sealed class FrameFloodTests : IAsyncLifetime
{
    private const int Calls = 20;

    private readonly string directory = Directory.CreateTempSubdirectory("gateway-flood-").FullName;
    private readonly TestAuthorizationServer corp = new();
    private readonly TestMcpServer weather = new();
    private readonly TcpListener hostile = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource over = new();

    // One each: nothing but the gateway and the MCP server answers the calls that are counted.
    private readonly ConcurrentDictionary<string, string> tokens = new();
    private readonly TaskCompletionSource flooding = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        hostile.Start();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        hostile.Dispose();
        over.Dispose();
        await corp.DisposeAsync();
        await weather.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Callers_are_answered_beside_an_MCP_server_that_floods_its_connection_with_frames()
    {
        await using var gateway = Start();
        var url = new Uri(await gateway.Listening.WaitAsync(Cancellation));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = SocketClient.Patience };
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, url, "weather"));
        var flood = FloodAsync();
        using var patient = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        var unanswered = CallAsync(patient, url, "hostile");
        await flooding.Task.WaitAsync(SocketClient.Patience, Cancellation);

        var statuses = new List<HttpStatusCode>();
        for (var call = 0; call < Calls; call++)
        {
            // Connections of their own, so that some begin where the flood is.
            using var another = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = SocketClient.Patience };
            statuses.Add(await CallAsync(another, url, "weather"));
        }

        Assert.Equal(Enumerable.Repeat(HttpStatusCode.OK, Calls), statuses);
        Assert.False(flood.IsCompleted, "The flood had ended.");
        await over.CancelAsync();
        await flood;
        Assert.Equal(HttpStatusCode.BadGateway, await unanswered);
    }

    /// <summary>Speaks as much HTTP/2 as makes a connection, and then sends what widens a window by one byte each time (RFC 9113 §6.9).</summary>
    private async Task FloodAsync()
    {
        using var connection = await hostile.AcceptTcpClientAsync(over.Token);
        var stream = connection.GetStream();
        await stream.WriteAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0 }, over.Token);
        var frames = Enumerable.Repeat(new byte[] { 0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 2000).SelectMany(frame => frame).ToArray();
        var received = new byte[64 * 1024];
        try
        {
            await Task.WhenAll(SendAsync(), ReceiveAsync());
        }
        catch (OperationCanceledException)
        {
            // The end.
        }

        async Task SendAsync()
        {
            for (var block = 0; ; block++)
            {
                await stream.WriteAsync(frames, over.Token);
                if (block == 100)
                {
                    flooding.TrySetResult();
                }
            }
        }

        async Task ReceiveAsync()
        {
            while (await stream.ReadAsync(received, over.Token) > 0)
            {
                // The call is never answered.
            }
        }
    }

    private async Task<HttpStatusCode> CallAsync(HttpClient client, Uri url, string server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url, server)) { Content = new StringContent(Messages.Call("echo"), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.GetOrAdd(server, name => corp.Token($"https://mcp.example.com/{name}")));
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using var response = await client.SendAsync(request, Cancellation);
        return response.StatusCode;
    }

    private GatewayProcess Start()
    {
        var options = World.Options(corp, weather, weather);
        var server = World.Server(weather);
        server["Destinations"] = new JsonArray($"http://{hostile.LocalEndpoint}/mcp");
        server["Cluster"] = new JsonObject { ["HttpRequest"] = new JsonObject { ["Version"] = "2", ["VersionPolicy"] = "RequestVersionExact" } };
        options["Servers"]!["hostile"] = server;
        return GatewayProcess.Serve(directory, options, null, "--Logging:LogLevel:Default=Error", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information");
    }
}
