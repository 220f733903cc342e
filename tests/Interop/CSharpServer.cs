using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Interop;

/// <summary>
/// An MCP server on the official C# SDK over Streamable HTTP: sessions for clients that shake hands, one transport per
/// request for those of 2026-07-28. It has one tool, <c>echo</c>, and one resource.
/// </summary>
internal static class CSharpServer
{
    private const string Modern = "2026-07-28";
    private const string SessionHeader = "Mcp-Session-Id";
    private static readonly ConcurrentDictionary<string, StreamableHttpServerTransport> Sessions = new();
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapPost("/mcp", PostAsync);
        app.MapGet("/mcp", GetAsync);
        app.MapDelete("/mcp", DeleteAsync);
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Urls.Single()).Port);
        await app.WaitForShutdownAsync();
        return 0;
    }

    public static async Task<int> RunOverStdioAsync()
    {
        await using var transport = new StdioServerTransport("csharp-server");
        await using var server = McpServer.Create(transport, Options());
        await server.RunAsync();
        return 0;
    }

    private static async Task PostAsync(HttpContext context)
    {
        var message = await JsonSerializer.DeserializeAsync(context.Request.Body, MessageType, context.RequestAborted);
        var version = context.Request.Headers["MCP-Protocol-Version"].ToString();
        message!.Context = new JsonRpcMessageContext { ProtocolVersion = version.Length > 0 ? version : null };

        if (version == Modern)
        {
            await using var once = new StreamableHttpServerTransport { Stateless = true };
            await using var server = McpServer.Create(once, Options());
            var running = server.RunAsync(context.RequestAborted);
            await AnswerAsync(context, once, message);
            await once.DisposeAsync();
            await running;
            return;
        }

        var session = context.Request.Headers[SessionHeader].ToString();
        if (session.Length == 0)
        {
            session = Guid.NewGuid().ToString("N");
            var opened = new StreamableHttpServerTransport { SessionId = session };
            Sessions[session] = opened;
            _ = McpServer.Create(opened, Options()).RunAsync(CancellationToken.None);
        }
        if (!Sessions.TryGetValue(session, out var transport))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        context.Response.Headers[SessionHeader] = session;
        await AnswerAsync(context, transport, message);
    }

    private static async Task AnswerAsync(HttpContext context, StreamableHttpServerTransport transport, JsonRpcMessage message)
    {
        context.Response.ContentType = "text/event-stream";
        if (!await transport.HandlePostRequestAsync(message, context.Response.Body, answer => Status(context, answer), context.RequestAborted))
        {
            context.Response.ContentType = null;
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        }
    }

    /// <summary>2026-07-28 gives some JSON-RPC errors an HTTP status, which clients of both eras negotiate by.</summary>
    private static ValueTask Status(HttpContext context, JsonRpcMessage? answer)
    {
        if (answer is JsonRpcError error && context.Request.Headers["MCP-Protocol-Version"] == Modern)
        {
            context.Response.StatusCode = error.Error.Code == (int)McpErrorCode.MethodNotFound
                ? StatusCodes.Status404NotFound
                : StatusCodes.Status400BadRequest;
        }
        return default;
    }

    private static async Task GetAsync(HttpContext context)
    {
        if (!Sessions.TryGetValue(context.Request.Headers[SessionHeader].ToString(), out var transport))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await transport.HandleGetRequestAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task DeleteAsync(HttpContext context)
    {
        if (Sessions.TryRemove(context.Request.Headers[SessionHeader].ToString(), out var transport))
            await transport.DisposeAsync();
    }

    private static McpServerOptions Options() => new()
    {
        ServerInfo = new Implementation { Name = "csharp-server", Version = "1.0.0" },
        Capabilities = new ServerCapabilities { Tools = new ToolsCapability(), Resources = new ResourcesCapability() },
        ResourceCollection = [McpServerResource.Create(() => "This is the content of the static text resource.", new McpServerResourceCreateOptions { UriTemplate = "test://static-text", Name = "static-text" })],
        Handlers = new McpServerHandlers
        {
            ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [Echo] }),
            CallToolHandler = (request, _) => request.Params!.Name == Echo.Name
                ? ValueTask.FromResult(new CallToolResult { Content = [new TextContentBlock { Text = $"Echo: {request.Params.Arguments!["message"].GetString()}" }] })
                : throw new McpProtocolException("There is no such tool.", McpErrorCode.InvalidParams),
        },
    };

    private static readonly Tool Echo = new()
    {
        Name = "echo",
        Description = "Says it back.",
        InputSchema = JsonElement.Parse("""{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}"""),
    };
}
