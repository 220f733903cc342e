using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Harness;

/// <summary>What arrived at an MCP server: every byte that the gateway sent.</summary>
public sealed record Arrived(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? Token => Headers.TryGetValue("Authorization", out var value) ? value["Bearer ".Length..] : null;

    public string Everything => string.Join('\n', Headers.Select(header => $"{header.Key}: {header.Value}")) + "\n" + Path + Query + "\n" + Body;
}

/// <summary>An MCP server on a real socket that records what reaches it and answers as a test says.</summary>
public sealed class TestMcpServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Arrived> requests = new();

    private TestMcpServer(WebApplication app) => this.app = app;

    private int connections;

    public string Url { get; private set; } = "";

    /// <summary>How many connections are open.</summary>
    public int Connections => Volatile.Read(ref connections);

    public IReadOnlyList<Arrived> Requests => [.. requests];

    /// <summary>Answers a request; by default one JSON-RPC result.</summary>
    public RequestDelegate Answer { get; set; } = context =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":{"ok":true}}""");
    };

    public static async Task<TestMcpServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        TestMcpServer? server = null;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Use(next => connection => server!.CountAsync(next, connection))));
        server = new TestMcpServer(builder.Build());
        server.app.Run(server.RecordAsync);
        await server.app.StartAsync();
        server.Url = server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/mcp";
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task CountAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        Interlocked.Increment(ref connections);
        try
        {
            await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref connections);
        }
    }

    private async Task RecordAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        requests.Enqueue(new Arrived(
            context.Request.Method,
            context.Request.Path.Value!,
            context.Request.QueryString.Value!,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body));
        await Answer(context);
    }
}
