namespace Gateway.Bridge;

/// <summary>
/// Writes an answer: as JSON when the answer is all there is, else as an event stream, which begins with whatever comes
/// before the answer or, so that nobody on the way gives up, with a comment after a quiet while.
/// </summary>
/// <remarks>MCP, Streamable HTTP, sending messages and listening for messages.</remarks>
internal sealed class AnswerWriter(HttpContext context, TimeProvider clock)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);
    private bool isStream;

    /// <summary>The session that a good answer, or a stream, tells the client of.</summary>
    public string? NewSession { get; init; }

    /// <summary>Writes to the answer, which it gives, or to the client's leaving. <paramref name="failure"/> is the answer when none comes.</summary>
    public async Task<Delivery> WriteAsync(Answer answer, Delivery failure)
    {
        try
        {
            while (true)
            {
                Delivery delivery;
                try
                {
                    delivery = await answer.ReadAsync(Quiet, clock, context.RequestAborted) ?? failure;
                }
                catch (TimeoutException)
                {
                    await BeginStreamAsync();
                    await WriteAsync(":\n\n"u8.ToArray());
                    continue;
                }

                if (delivery.IsLast && !isStream)
                {
                    TellSession(!delivery.IsError);
                    await WriteJsonAsync(context.Response, delivery.Status, delivery.Line);
                    return delivery;
                }

                await BeginStreamAsync();
                await WriteEventAsync(delivery.Line);
                if (delivery.IsLast)
                {
                    return delivery;
                }
            }
        }
        finally
        {
            answer.Close();
        }
    }

    /// <summary>Writes a stream that no request waits at the end of (GET).</summary>
    public async Task ListenAsync(Answer answer)
    {
        try
        {
            await BeginStreamAsync();
            while (await answer.ReadAsync(Timeout.InfiniteTimeSpan, clock, context.RequestAborted) is { } delivery)
            {
                await WriteEventAsync(delivery.Line);
            }
        }
        finally
        {
            answer.Close();
        }
    }

    /// <summary>Writes one JSON-RPC message as the whole answer.</summary>
    public static async Task WriteJsonAsync(HttpResponse response, int status, ReadOnlyMemory<byte> json)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        await response.Body.WriteAsync(json, response.HttpContext.RequestAborted);
    }

    private async Task BeginStreamAsync()
    {
        if (isStream)
        {
            return;
        }

        isStream = true;
        TellSession(true);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private void TellSession(bool isThere)
    {
        if (isThere && NewSession is not null)
        {
            context.Response.Headers[BridgeSessions.Header] = NewSession;
        }
    }

    private async Task WriteEventAsync(ReadOnlyMemory<byte> line)
    {
        // One write, so that an event leaves in one piece.
        var text = new byte[line.Length + 24];
        var length = Put(text, 0, "event: message\ndata: "u8);
        length = Put(text, length, line.Span);
        length = Put(text, length, "\n\n"u8);
        await WriteAsync(text.AsMemory(0, length));
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> text)
    {
        await context.Response.Body.WriteAsync(text, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static int Put(byte[] target, int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(target.AsSpan(at));
        return at + text.Length;
    }
}
