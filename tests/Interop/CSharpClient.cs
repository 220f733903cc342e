using Microsoft.AspNetCore.WebUtilities;
using ModelContextProtocol.Authentication;
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
        return await CallAsync(http, protocol == "auto" ? null : protocol);
    }

    /// <summary>Knows nothing but the address; <paramref name="browser"/> is asked where the user comes back to.</summary>
    public static async Task<int> SignInAsync(Uri endpoint, Uri browser)
    {
        await using var http = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = endpoint,
            OAuth = new ClientOAuthOptions
            {
                RedirectUri = new Uri("http://127.0.0.1/callback"),
                DynamicClientRegistration = new DynamicClientRegistrationOptions { ClientName = "Interop" },
                AuthorizationCallbackHandler = async (context, cancellation) =>
                {
                    using var connection = new HttpMessageInvoker(new SocketsHttpHandler());
                    using var asked = new HttpRequestMessage(HttpMethod.Get, new Uri(browser, "?url=" + Uri.EscapeDataString(context.AuthorizationUri.AbsoluteUri)));
                    using var told = await connection.SendAsync(asked, cancellation);
                    var callback = new Uri(await told.Content.ReadAsStringAsync(cancellation));
                    var answer = QueryHelpers.ParseQuery(callback.Query);
                    return new AuthorizationResult { Code = answer["code"].ToString(), State = answer["state"].ToString() };
                },
            },
        });
        return await CallAsync(http, null);
    }

    private static async Task<int> CallAsync(HttpClientTransport http, string? protocol)
    {
        await using var client = await McpClient.CreateAsync(http, new McpClientOptions
        {
            ClientInfo = new Implementation { Name = "interop", Version = "1.0.0" },
            ProtocolVersion = protocol,
        });
        var tools = await client.ListToolsAsync();
        if (tools.All(tool => tool.Name != "echo"))
            return 1;
        var result = await client.CallToolAsync("echo", new Dictionary<string, object?> { ["message"] = "over two hops" });
        Console.WriteLine(result.Content.OfType<TextContentBlock>().Single().Text);
        return 0;
    }
}
