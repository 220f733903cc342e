using System.Net.Http.Headers;
using System.Text.Json;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interop;

/// <summary>The official C# client with a token of its own for every request: pings each second while slow calls run, and loses no answer.</summary>
internal static class LastingClient
{
    public static async Task<int> RunAsync(Uri endpoint, string transport, Uri tokens, TimeSpan duration)
    {
        using var inner = new SocketsHttpHandler();
        using var web = new HttpClient(new Fresh(tokens) { InnerHandler = inner }) { Timeout = Timeout.InfiniteTimeSpan };
        await using var http = new HttpClientTransport(
            new HttpClientTransportOptions { Endpoint = endpoint, TransportMode = transport == "sse" ? HttpTransportMode.Sse : HttpTransportMode.StreamableHttp },
            web,
            ownsHttpClient: false);
        await using var client = await McpClient.CreateAsync(http, new McpClientOptions { ClientInfo = new Implementation { Name = "interop", Version = "1.0.0" }, ProtocolVersion = "2025-11-25" });
        using var over = new CancellationTokenSource(duration);
        var calls = CallAsync(client, over.Token);
        while (!calls.IsCompleted)
        {
            // A stream of HTTP+SSE lives by what is posted.
            await client.PingAsync();
            await Task.WhenAny(calls, Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None));
        }

        await calls;
        return 0;
    }

    private static async Task CallAsync(McpClient client, CancellationToken over)
    {
        var calls = 0;
        while (!over.IsCancellationRequested)
        {
            // Not given up when the time is over: its answer is owed.
            await client.CallToolAsync("trigger-long-running-operation", new Dictionary<string, object?> { ["duration"] = 5, ["steps"] = 2 }, cancellationToken: CancellationToken.None);
            Console.WriteLine($"answer {++calls}");
        }
    }

    /// <summary>Asks for the token before each request, as a client does whose token has run out.</summary>
    private sealed class Fresh(Uri tokens) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var ask = new HttpRequestMessage(HttpMethod.Get, tokens);
            using var answer = await base.SendAsync(ask, cancellationToken);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", json.RootElement.GetProperty("access_token").GetString());
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
