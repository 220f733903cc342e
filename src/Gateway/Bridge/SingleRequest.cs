using System.Text;
using Gateway.Authorize;

namespace Gateway.Bridge;

/// <summary>
/// A request of the revisions from 2026-07-28 on, with a process of its own: it ends with the answer, or when the client
/// leaves, which is how such a client cancels.
/// </summary>
internal sealed class SingleRequest(Message request, ILogger logger) : IReceiver
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    private readonly Answer answer = new();

    public async Task RunAsync(HttpContext context, Children children, TimeProvider clock)
    {
        var id = request.Line[request.Id.At];
        var (child, refusal) = await children.StartAsync(this, context.RequestAborted);
        if (child is null)
        {
            await refusal!.WriteAsync(context, id);
            return;
        }

        var answered = false;
        try
        {
            child.Over.Register(answer.Close);
            await child.SendAsync(request.Line, context.RequestAborted);
            await new AnswerWriter(context, clock).WriteAsync(answer, BridgeRefusal.Ended.ToDelivery(id));
            answered = true;
        }
        finally
        {
            _ = EndAsync(child, answered ? default : Cancellation(id), clock);
        }
    }

    public async ValueTask ReceivedAsync(Child from, Message message)
    {
        var isAnswer = message.Kind == MessageKind.Response;

        // The process could not tell the id of the one request that it knows (JSON-RPC 2.0 §5).
        var isUntold = isAnswer && message is { ErrorCode: not null, Id.Key: Reference.Null };
        var line = isUntold ? SharedChild.Replace(message.Line, [(message.Id, request.Line[request.Id.At])]) : message.Line;

        // Servers ask nothing in these revisions, and the client could not answer.
        if (message.Kind == MessageKind.Request
            || (isAnswer && !isUntold && message.Id.Key != request.Id.Key)
            || !await answer.DeliverAsync(new Delivery(line, isAnswer, message.ErrorCode is not null, StatusOf(message.ErrorCode, request)), from.Over))
        {
            logger.MessageUnclaimed(from.Id);
        }
    }

    /// <summary>Nothing but its answer is worth waiting for.</summary>
    public ValueTask TooLongAsync(Child from, Func<ValueTask<Message?>> outline)
    {
        answer.TryDeliver(BridgeRefusal.AnswerTooLarge.ToDelivery(request.Line[request.Id.At]));
        return default;
    }

    /// <summary>The HTTP status of an error that is the whole answer.</summary>
    /// <remarks>MCP 2026-07-28, Streamable HTTP: errors that clients negotiate by.</remarks>
    public static int StatusOf(int? errorCode, Message request) => errorCode switch
    {
        // Of the arguments of a call it is the call's own answer; of what makes it a request at all it is HTTP's.
        -32602 when !request.IsSelfContained => StatusCodes.Status400BadRequest,
        -32601 => StatusCodes.Status404NotFound,
        -32700 or -32600 or -32020 or -32021 or -32022 => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status200OK,
    };

    /// <summary>Tells a process that nobody waits for an answer any more.</summary>
    public static ReadOnlyMemory<byte> Cancellation(ReadOnlyMemory<byte> id) => Encoding.UTF8.GetBytes(
        $$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{Encoding.UTF8.GetString(id.Span)}}},"reason":"The client left."}}""");

    private static async Task EndAsync(Child child, ReadOnlyMemory<byte> farewell, TimeProvider clock)
    {
        if (!farewell.IsEmpty)
        {
            using var patience = new CancellationTokenSource(Farewell, clock);
            await child.SendAsync(farewell, patience.Token);
        }

        await child.EndAsync();
    }
}
