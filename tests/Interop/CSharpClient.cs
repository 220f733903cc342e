using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Interop;

/// <summary>The official C# client: lists the tools, calls <c>echo</c>, prints what came back.</summary>
internal static class CSharpClient
{
    /// <summary><paramref name="protocol"/> is a revision or <c>auto</c>; <paramref name="transport"/> is <c>http</c> or <c>sse</c>.</summary>
    public static async Task<int> RunAsync(Uri endpoint, string protocol, string transport)
    {
        await using var http = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = endpoint,
            TransportMode = transport == "sse" ? HttpTransportMode.Sse : HttpTransportMode.StreamableHttp,
            AdditionalHeaders = Environment.GetEnvironmentVariable("BEARER") is { Length: > 0 } token
                ? new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" }
                : [],
        });
        await using var client = await McpClient.CreateAsync(http, new McpClientOptions
        {
            ClientInfo = new Implementation { Name = "interop", Version = "1.0.0" },
            ProtocolVersion = protocol == "auto" ? null : protocol,
        });
        var tools = await client.ListToolsAsync();
        if (tools.All(tool => tool.Name != "echo"))
            return 1;
        var result = await client.CallToolAsync("echo", new Dictionary<string, object?> { ["message"] = "over two hops" });
        Console.WriteLine(result.Content.OfType<TextContentBlock>().Single().Text);
        return 0;
    }
}
