using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Harness;

/// <summary>What arrived at an MCP server: every byte that the gateway sent.</summary>
public sealed record Arrived(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? Token => Headers.TryGetValue("Authorization", out var value) ? value["Bearer ".Length..] : null;

    public string Everything => string.Join('\n', Headers.Select(header => $"{header.Key}: {header.Value}")) + "\n" + Path + Query + "\n" + Body;
}

/// <summary>
/// An MCP server that records what reaches it and answers as a test says: as HTTP allows it (<see cref="Answer"/>: refusals,
/// redirects, challenges, streams that stop), or on the wire as it does not (<see cref="TestPeer"/>).
/// </summary>
public sealed class TestMcpServer(HttpsConnectionAdapterOptions? https = null) : TestPeer(https)
{
    private readonly ConcurrentQueue<Arrived> requests = new();

    public string Url => Origin + "/mcp";

    public IReadOnlyList<Arrived> Requests => [.. requests];

    /// <summary>Answers a request; by default one JSON-RPC result.</summary>
    public RequestDelegate Answer { get; set; } = context =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":{"ok":true}}""");
    };

    protected override async Task SoundlyAsync(HttpContext context)
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
