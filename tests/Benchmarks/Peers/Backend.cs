using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Harness;

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

    /// <summary>What the names of half of the listed tools begin with.</summary>
    public const string HiddenTool = "hidden-";

    /// <summary>Below an MCP server's path: what it sees of a call, in place of an answer.</summary>
    public const string Seen = "/seen";

    /// <summary>Below its path: a list of 40 tools.</summary>
    public const string Listed = "/list";

    /// <summary>Where the decision point is asked.</summary>
    public const string Decisions = "/access/v1/evaluation";

    /// <summary>The one word that the decision point denies, wherever it stands in what it is asked.</summary>
    public const string Denied = "Atlantis";

    private const int Tools = 40;

    private static readonly byte[] ListBytes =
        Encoding.ASCII.GetBytes("""{"jsonrpc":"2.0","id":1,"result":{"tools":[""" + string.Join(',', Enumerable.Range(0, Tools).Select(Tool)) + "]}}");

    private static readonly byte[] AnswerBytes = Encoding.ASCII.GetBytes(Answer);

    private static readonly byte[] AllowedBytes = """{"decision":true}"""u8.ToArray();
    private static readonly byte[] DeniedBytes = """{"decision":false}"""u8.ToArray();
    private static readonly byte[] DeniedWord = Encoding.ASCII.GetBytes(Denied);

    /// <summary>What the decision point says of the list of tools: no to those that are to be hidden.</summary>
    private static readonly byte[] DecisionsBytes =
        Encoding.ASCII.GetBytes("""{"evaluations":[""" + string.Join(',', Enumerable.Range(0, Tools).Select(number => IsHidden(number) ? """{"decision":false}""" : """{"decision":true}""")) + "]}");

    /// <param name="url">Where it listens.</param>
    /// <param name="jwksFile">The issuer's keys, read whenever they are asked for.</param>
    /// <param name="keyFile">The token endpoint's key, for one that is stopped and started again; null: a new one.</param>
    public static WebApplication Create(string url, string jwksFile, string? keyFile = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);

        // Nothing here blocks or computes: answered where it was read, it costs the machine least.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MinResponseDataRate = null);
        var app = builder.Build();
        const string Kid = "hop";
        var endpoint = new TokenEndpoint(url, keyFile is null ? TestKey.Create("ES256", Kid) : TestKey.Es256From(File.ReadAllText(keyFile), Kid));
        app.MapGet("/jwks", () => Results.Text(endpoint.Published(File.ReadAllText(jwksFile)), "application/json"));
        app.MapGet("/.well-known/openid-configuration", () => Results.Text($$"""{"issuer":"{{url}}","jwks_uri":"{{url}}/jwks"}""", "application/json"));
        app.MapPost("/token", endpoint.AnswerAsync);
        app.MapPost("/mcp", context => AnswerAsync(context, AnswerBytes));
        app.MapPost("/mcp" + Listed, context => AnswerAsync(context, ListBytes));
        app.MapPost("/mcp" + Seen, TellAsync);
        app.MapPost(Decisions, DecideAsync);
        app.MapPost(Decisions + "s", context => AnswerAsync(context, DecisionsBytes));
        app.MapGet("/mcp", (HttpContext context) => StreamAsync(context, everyMilliseconds: Timeout.Infinite));
        app.MapPost("/mcp/events/{milliseconds:int}/{bytes:int?}", (HttpContext context, int milliseconds, int? bytes) => StreamAsync(context, milliseconds, bytes ?? 0));
        app.MapPost("/mcp/flood", FloodAsync);
        return app;
    }

    private static string Tool(int number) =>
        $$$$$"""{"name":"{{{{{(IsHidden(number) ? HiddenTool : "")}}}}}forecast-{{{{{number}}}}}","description":"The weather of the next days at one place of your choice","inputSchema":{"type":"object","properties":{"city":{"type":"string"}}}}""";

    private static bool IsHidden(int tool) => tool % 2 == 0;

    private static async Task AnswerAsync(HttpContext context, byte[] answer)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        await WriteAsync(context, answer);
    }

    /// <summary>Decides by one word, so that whoever is asked can be told from whoever is not.</summary>
    private static async Task DecideAsync(HttpContext context)
    {
        var question = new byte[(int)context.Request.ContentLength!];
        await context.Request.Body.ReadExactlyAsync(question);
        await WriteAsync(context, question.AsSpan().IndexOf(DeniedWord) < 0 ? AllowedBytes : DeniedBytes);
    }

    private static Task TellAsync(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString().Split(' ');
        var seen = new JsonObject
        {
            ["protocol"] = context.Request.Protocol,
            ["scheme"] = authorization[0],
            ["proof"] = context.Request.Headers.ContainsKey("DPoP"),
            ["claims"] = JsonNode.Parse(Base64Url.DecodeFromChars(authorization[1].Split('.')[1])),
        };
        return AnswerAsync(context, Encoding.UTF8.GetBytes(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["result"] = seen }.ToJsonString()));
    }

    private static async Task WriteAsync(HttpContext context, byte[] answer)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer);
    }

    /// <summary>One event at once, and then one every so often: never (-1), or as fast as it can (0).</summary>
    private static async Task StreamAsync(HttpContext context, int everyMilliseconds, int bytes = 0)
    {
        var left = context.RequestAborted;
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, left);
            context.Response.ContentType = "text/event-stream";
            await WriteEventAsync(context, bytes);
            if (everyMilliseconds < 0)
            {
                await Task.Delay(everyMilliseconds, left);
            }

            using var timer = everyMilliseconds == 0 ? null : new PeriodicTimer(TimeSpan.FromMilliseconds(everyMilliseconds));
            while (timer is null || await timer.WaitForNextTickAsync(left))
            {
                left.ThrowIfCancellationRequested();
                await WriteEventAsync(context, bytes);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader has seen enough.
        }
    }

    /// <summary>Large events, as many as are read: for readers who do not keep up, which small ones would keep busy whoever is in between.</summary>
    private static async Task FloodAsync(HttpContext context)
    {
        var large = Encoding.ASCII.GetBytes($"event: message\ndata: {new string(' ', 16 * 1024)}{Answer}\n\n");
        context.Response.ContentType = "text/event-stream";
        try
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                // Never on the thread that serves sockets: what is written to a reader who has gone is dropped at once, and
                // that it has gone is what this thread would have to find out.
                await Task.Yield();
                await context.Response.Body.WriteAsync(large, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // It went while it was waited for.
        }
    }

    private static async Task WriteEventAsync(HttpContext context, int bytes)
    {
        WriteEvent(context.Response.BodyWriter, bytes);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>An event that says when it was written, with so much beside that.</summary>
    private static void WriteEvent(System.IO.Pipelines.PipeWriter writer, int bytes)
    {
        var into = writer.GetSpan(bytes + 256);
        System.Text.Unicode.Utf8.TryWrite(into, $"event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":1,\"progress\":{System.Diagnostics.Stopwatch.GetTimestamp():D19},\"message\":\"", out var begun);
        into.Slice(begun, bytes).Fill((byte)'-');
        var end = "~\"}}\n\n"u8;
        end.CopyTo(into[(begun + bytes)..]);
        writer.Advance(begun + bytes + end.Length);
    }
}
