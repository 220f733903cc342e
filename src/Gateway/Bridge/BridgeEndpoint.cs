using Gateway.Authorize;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Bridge;

/// <summary>
/// The MCP endpoint. Nothing of an HTTP request but its body reaches a process: no token, no header, no address.
/// </summary>
internal sealed class BridgeEndpoint(BridgeSessions sessions, Children children, SharedChild shared, BridgeSettings settings, MessageReader bodies, ILogger<BridgeEndpoint> logger, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await (BridgeGuard.Check(context.Request) is { } refusal ? refusal.WriteAsync(context) : DispatchAsync(context));
        }
        catch (Exception error) when (error is ConnectionResetException || (context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException))
        {
            // The client has left.
        }
        catch (Exception error)
        {
            logger.BridgeFailed(error.GetType().Name);
            if (!context.Response.HasStarted)
            {
                await BridgeRefusal.Failed.WriteAsync(context);
            }
        }
    }

    private Task DispatchAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Path == "/healthz/live")
        {
            return HttpMethods.IsGet(request.Method) ? context.Response.WriteAsync("ok") : Refuse(BridgeRefusal.Method, "GET");
        }

        return request.Method switch
        {
            "POST" => PostAsync(context),
            "GET" when !McpHeaders.IsModern(request.Headers, Operation.None) => ListenAsync(context),
            "DELETE" when !McpHeaders.IsModern(request.Headers, Operation.None) => EndAsync(context),
            _ => Refuse(BridgeRefusal.Method, "GET, POST, DELETE"),
        };

        Task Refuse(BridgeRefusal refusal, string allow)
        {
            context.Response.Headers.Allow = allow;
            return refusal.WriteAsync(context);
        }
    }

    private async Task PostAsync(HttpContext context)
    {
        if (BridgeGuard.CheckPost(context.Request) is { } unfit)
        {
            await unfit.WriteAsync(context);
            return;
        }

        var (body, refusal) = await bodies.ReadAsync(context.Request);
        using (body)
        {
            if (body is null)
            {
                await refusal!.WriteAsync(context);
                return;
            }

            if (Message.Read(body.Bytes, out var isJson) is not { } message)
            {
                await (isJson ? BridgeRefusal.NotOneMessage : BridgeRefusal.NotJson).WriteAsync(context);
                return;
            }

            await (IsModern(context.Request.Headers, message) ? ModernAsync(context, message) : LegacyAsync(context, message));
        }
    }

    /// <summary>Whether a message belongs to a revision without sessions. One that names a session, or begins one and says nothing else, never does.</summary>
    private static bool IsModern(IHeaderDictionary headers, Message message) =>
        (message.Method != "initialize" || message.ProtocolVersion is not null) && !headers.ContainsKey(BridgeSessions.Header) && (message.ProtocolVersion is not null || McpHeaders.IsModern(headers, message.Operation));

    private async Task ModernAsync(HttpContext context, Message message)
    {
        if (!McpHeaders.Agree(context.Request.Headers, message.Operation, McpTransport.StreamableHttp))
        {
            await BridgeRefusal.HeaderMismatch.WriteAsync(context, message.Kind == MessageKind.Request ? message.Line[message.Id.At] : default);
        }
        else if (message.Kind == MessageKind.Response)
        {
            await BridgeRefusal.NotOneMessage.WriteAsync(context);
        }
        else if (message.Kind == MessageKind.Notification)
        {
            // It belongs to no request, and so to no process; leaving is how these clients cancel.
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        else if (settings.Shared && message.ProtocolVersion is null)
        {
            // Without headers the process would take it for one of a session, and itself for a server of those revisions.
            await BridgeRefusal.VersionMissing.WriteAsync(context, message.Line[message.Id.At]);
        }
        else if (settings.Shared && (message.NamesAnother || MemberNames.Fold(message.Method!).StartsWith("notifications/", StringComparison.Ordinal)))
        {
            // The process knows all requests by the bridge's numbers, which anybody can count.
            await BridgeRefusal.NamesAnother.WriteAsync(context, message.Line[message.Id.At]);
        }
        else if (settings.Shared)
        {
            await shared.RunAsync(context, message);
        }
        else
        {
            await new SingleRequest(message, logger).RunAsync(context, children, clock);
        }
    }

    private async Task LegacyAsync(HttpContext context, Message message)
    {
        if (context.Request.Headers[BridgeSessions.Header] is [{ } id])
        {
            var session = sessions.Find(id);
            var refusal = session is null ? BridgeRefusal.SessionUnknown
                : message.Method != "initialize" && context.Request.Headers["MCP-Protocol-Version"] is [{ } version] && McpHeaders.IsModern(version) ? BridgeRefusal.Version
                : null;
            await (refusal is null ? PassAsync(context, session!, message, isNew: false) : refusal.WriteAsync(context));
        }
        else if (message is { Kind: MessageKind.Request, Method: "initialize" })
        {
            var (begun, refusal) = await sessions.BeginAsync(context.RequestAborted);
            await (begun is null ? refusal!.WriteAsync(context, message.Line[message.Id.At]) : PassAsync(context, begun, message, isNew: true));
        }
        else
        {
            await BridgeRefusal.SessionMissing.WriteAsync(context);
        }
    }

    private async Task PassAsync(HttpContext context, Session session, Message message, bool isNew)
    {
        if (!session.TryUse())
        {
            await BridgeRefusal.SessionUnknown.WriteAsync(context);
            return;
        }

        try
        {
            if (message.Kind != MessageKind.Request)
            {
                if (await session.SendAsync(message, context.RequestAborted))
                {
                    context.Response.StatusCode = StatusCodes.Status202Accepted;
                }
                else
                {
                    await BridgeRefusal.SessionUnknown.WriteAsync(context);
                }

                return;
            }

            var id = message.Line[message.Id.At];
            if (session.Begin(message, out var refusal) is not { } answer)
            {
                await refusal!.WriteAsync(context, id);
                return;
            }

            await session.SendAsync(message, context.RequestAborted);
            var writer = new AnswerWriter(context, clock) { NewSession = isNew ? session.Id : null };
            var last = await writer.WriteAsync(answer, BridgeRefusal.Ended.ToDelivery(id));
            isNew &= last.IsError;
        }
        finally
        {
            session.Leave();
            if (isNew)
            {
                // Nobody has learnt of it.
                _ = session.EndAsync();
            }
        }
    }

    private async Task ListenAsync(HttpContext context)
    {
        var header = context.Request.Headers[BridgeSessions.Header];
        if (header is not [{ } id] || sessions.Find(id) is not { } session)
        {
            await (header.Count == 0 ? BridgeRefusal.SessionMissing : BridgeRefusal.SessionUnknown).WriteAsync(context);
            return;
        }

        if (!BridgeGuard.Accepts(context.Request, "text/event-stream"))
        {
            await BridgeRefusal.Accept.WriteAsync(context);
            return;
        }

        if (!session.TryUse())
        {
            await BridgeRefusal.SessionUnknown.WriteAsync(context);
            return;
        }

        try
        {
            await new AnswerWriter(context, clock).ListenAsync(session.Listen());
        }
        finally
        {
            session.Leave();
        }
    }

    private async Task EndAsync(HttpContext context)
    {
        var header = context.Request.Headers[BridgeSessions.Header];
        if (header is not [{ } id] || sessions.Find(id) is not { } session)
        {
            await (header.Count == 0 ? BridgeRefusal.SessionMissing : BridgeRefusal.SessionUnknown).WriteAsync(context);
            return;
        }

        _ = session.EndAsync();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
