using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Demo.Walk;

/// <summary>Alice's MCP client: the official SDK's, with a bearer token for one server.</summary>
internal static class UserClient
{
    /// <summary>The newest revision that opens with <c>initialize</c>.</summary>
    public const string ProtocolVersion = "2025-11-25";

    /// <summary>Connects, lists the tools and calls one; shows the wire.</summary>
    public static async Task<(IList<string> Tools, string Text)> UseAsync(
        Scene scene, StepReport report, string server, string token, string tool, Dictionary<string, object?> arguments, CancellationToken cancellationToken)
    {
        using var http = scene.CreateClient((sent, response) =>
        {
            report.Terminal.Sent(sent);
            report.Terminal.Received($"{(int)response.StatusCode} {response.Content.Headers.ContentType?.MediaType}");
        });
        await using var transport = new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Endpoint = new Uri(scene.Stage.Resource(server)),
                TransportMode = HttpTransportMode.StreamableHttp,
                EnableStandaloneGetStream = false,
                AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
            },
            http);
        await using var client = await McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = ProtocolVersion }, cancellationToken: cancellationToken);
        var tools = await client.ListToolsAsync(cancellationToken: cancellationToken);
        var result = await client.CallToolAsync(tool, arguments, cancellationToken: cancellationToken);
        return ([.. tools.Select(found => found.Name)], string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text)));
    }
}
