using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Demo.AuthorizationServer;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Demo.Servers;

/// <summary>
/// An MCP server of the official SDK in Streamable HTTP on plain ASP.NET Core, at <c>/mcp</c> on loopback. It trusts no
/// gateway: every request passes its own validation (<c>AddHopToken</c>), and it counts what arrives.
/// </summary>
internal sealed class StrictMcpServer : IAsyncDisposable
{
    private readonly string _name;
    private readonly Func<string, McpServerTool[]> _tools;
    private WebApplication? _app;
    private int _requests;
    private int _admitted;

    private StrictMcpServer(string name, Func<string, McpServerTool[]> tools)
    {
        _name = name;
        _tools = tools;
    }

    /// <summary>The server's URL, which is its resource identifier.</summary>
    public string Resource { get; private set; } = "";

    /// <summary>How many requests arrived, refused ones included.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>How many requests carried a good token.</summary>
    public int Admitted => Volatile.Read(ref _admitted);

    /// <summary>How many requests arrived without one.</summary>
    public int Refused => Requests - Admitted;

    /// <summary>The last good token: what this server could misuse if it were in bad hands.</summary>
    public BearerToken? LastToken { get; private set; }

    /// <summary>Starts a server whose tools are made for the caller named by <c>sub</c>.</summary>
    public static async Task<StrictMcpServer> StartAsync(string name, string scope, Func<string, McpServerTool[]> tools, DevelopmentAuthorizationServer issuer, CancellationToken cancellationToken)
    {
        var server = new StrictMcpServer(name, tools);
        server._app = await Loopback.StartAsync(
            app =>
            {
                app.Use(server.CountAsync);
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapPost("/mcp", server.PostAsync).RequireAuthorization();
                app.MapGet("/mcp", server.ListenAsync).RequireAuthorization();
            },
            cancellationToken,
            (services, address) =>
            {
                server.Resource = address + "/mcp";
                services.AddAuthorization();
                services.AddAuthentication().AddHopToken(options =>
                {
                    options.Issuer = issuer.Issuer;
                    options.Resource = server.Resource;
                    options.RequiredScopes = [scope];
                });
            });
        return server;
    }

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;

    private Task CountAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _requests);
        return next(context);
    }

    private BearerToken Admit(HttpContext context)
    {
        Interlocked.Increment(ref _admitted);
        return LastToken = BearerToken.Of(context);
    }

    /// <summary>The stream on which a server would speak first: this one has nothing to say, and keeps it open.</summary>
    private async Task ListenAsync(HttpContext context)
    {
        Admit(context);
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(": open\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        var gone = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }

    private async Task PostAsync(HttpContext context)
    {
        var token = Admit(context);
        var type = (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));
        if (await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) is not { } message)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        await AnswerAsync(context, message, token);
    }

    /// <summary>Stateless: one transport and one server per request, and so nothing of one caller is left for the next.</summary>
    private async Task AnswerAsync(HttpContext context, JsonRpcMessage message, BearerToken token)
    {
        message.Context = new JsonRpcMessageContext { ProtocolVersion = context.Request.Headers["MCP-Protocol-Version"] };
        var tools = new McpServerPrimitiveCollection<McpServerTool>();
        foreach (var tool in _tools(token.Subject))
        {
            tools.Add(tool);
        }

        await using var transport = new StreamableHttpServerTransport { Stateless = true };
        await using var server = McpServer.Create(transport, new McpServerOptions
        {
            ServerInfo = new Implementation { Name = _name, Version = "1.0.0" },
            ToolCollection = tools,
        });
        var running = server.RunAsync(context.RequestAborted);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        if (!await transport.HandlePostRequestAsync(message, context.Response.Body, context.RequestAborted))
        {
            context.Response.ContentType = null;
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        }

        await transport.DisposeAsync();
        await running;
    }
}
