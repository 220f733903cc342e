using System.Text;

namespace Gateway.Benchmarks.Peers;

/// <summary>
/// What stands behind every contender, as a process of its own: an MCP-like server (small results, event streams), the
/// issuer's keys, and a token endpoint that signs a hop token for every exchange without a further question.
/// </summary>
internal static class Backend
{
    public const string Answer = """{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"21 degrees and a light wind from the west"}],"isError":false}}""";

    /// <summary>Ends every event, and is nowhere else in a response.</summary>
    public const byte EndOfEvent = (byte)'~';

    private static readonly byte[] AnswerBytes = Encoding.ASCII.GetBytes(Answer);
    private static readonly byte[] DecisionBytes = """{"decision":true}"""u8.ToArray();

    public static WebApplication Create(string url, string jwksFile)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);

        // Nothing here blocks or computes: answered where it was read, it costs the machine least.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MinResponseDataRate = null);
        var app = builder.Build();
        var endpoint = new TokenEndpoint(url);
        var jwks = endpoint.Published(File.ReadAllText(jwksFile));
        app.MapGet("/jwks", () => Results.Text(jwks, "application/json"));
        app.MapGet("/.well-known/openid-configuration", () => Results.Text($$"""{"issuer":"{{url}}","jwks_uri":"{{url}}/jwks"}""", "application/json"));
        app.MapPost("/token", endpoint.AnswerAsync);
        app.MapPost("/mcp", AnswerAsync);
        app.MapPost("/access/v1/evaluation", DecideAsync);
        app.MapGet("/mcp", (HttpContext context) => StreamAsync(context, everyMilliseconds: Timeout.Infinite));
        app.MapPost("/mcp/events/{milliseconds:int}", (HttpContext context, int milliseconds) => StreamAsync(context, milliseconds));
        return app;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = AnswerBytes.Length;
        await context.Response.Body.WriteAsync(AnswerBytes);
    }

    /// <summary>A policy decision point that allows everything.</summary>
    private static async Task DecideAsync(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = DecisionBytes.Length;
        await context.Response.Body.WriteAsync(DecisionBytes);
    }

    /// <summary>One event at once, and then one every so often: never (-1), or as fast as it can (0).</summary>
    private static async Task StreamAsync(HttpContext context, int everyMilliseconds)
    {
        var left = context.RequestAborted;
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, left);
            context.Response.ContentType = "text/event-stream";
            await WriteEventAsync(context);
            if (everyMilliseconds < 0)
            {
                await Task.Delay(everyMilliseconds, left);
            }

            using var timer = everyMilliseconds == 0 ? null : new PeriodicTimer(TimeSpan.FromMilliseconds(everyMilliseconds));
            while (timer is null || await timer.WaitForNextTickAsync(left))
            {
                left.ThrowIfCancellationRequested();
                await WriteEventAsync(context);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader has seen enough.
        }
    }

    private static async Task WriteEventAsync(HttpContext context)
    {
        WriteEvent(context.Response.BodyWriter);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static void WriteEvent(System.IO.Pipelines.PipeWriter writer)
    {
        var into = writer.GetSpan(256);
        System.Text.Unicode.Utf8.TryWrite(into, $"event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":1,\"progress\":{System.Diagnostics.Stopwatch.GetTimestamp():D19},\"message\":\"~\"}}}}\n\n", out var written);
        writer.Advance(written);
    }
}
