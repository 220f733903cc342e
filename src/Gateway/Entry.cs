using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Front;
using Gateway.Generations;
using Gateway.Http;
using Gateway.Lifecycle;
using Gateway.Observe;
using Gateway.Revoke;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using TokenExchange.AspNetCore.Http;

namespace Gateway;

/// <summary>
/// Where every request enters: it gets its id and its record, a path that could be read in two ways ends here, and so
/// does every fault of the gateway itself. Serves the public documents; everything else goes on to routing.
/// </summary>
internal sealed class Entry(LiveGenerations generations, Refusals refusals, RequestEnd end, ClientAddress clientAddress, Health health, BackchannelLogout logout, SecurityEvents events, FrontEndpoints front, TimeProvider clock, ILogger<Entry> log)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = Begin(context);
        try
        {
            var path = context.Request.Path.Value!;
            if (!CanonicalPath.IsCanonical(context.Features.Get<IHttpRequestFeature>()!.RawTarget, path))
            {
                await refusals.RefuseAsync(context, request, Refusal.NotFound);
                return;
            }

            if (generations.Current.Documents.TryGetValue(path, out var document))
            {
                await PublicDocument.ServeAsync(context, document.Read);
                return;
            }

            if (path is Health.LivePath or Health.ReadyPath)
            {
                await health.AnswerAsync(context, path == Health.ReadyPath);
                return;
            }

            if (await logout.TryServeAsync(context) || await events.TryServeAsync(context) || await front.TryServeAsync(context))
            {
                return;
            }

            await next(context);
            while (request.JudgeAgain)
            {
                // From the route on: the server may be another one, or gone.
                request.StartOver();
                context.SetEndpoint(null);
                context.Request.RouteValues.Clear();
                try
                {
                    await next(context);
                }
                finally
                {
                    if (!request.JudgeAgain)
                    {
                        request.Held.Dispose();
                    }
                }
            }
        }
        catch (Exception exception) when (ClientLeft(context, exception))
        {
            request.Refuse(Refusal.ClientClosed);
            await end.CompleteAsync(context, request);
        }
        catch (Exception exception) when (exception is not ConnectionAbortedException)
        {
            log.RequestFailed(exception, request.Id, request.Record.Allowed);
            if (!context.Response.HasStarted)
            {
                context.Response.Clear();
            }

            await refusals.RefuseAsync(context, request, Refusal.InternalError);
        }
    }

    /// <summary>What routing leaves over is nobody's.</summary>
    public async Task NotFoundAsync(HttpContext context) => await refusals.RefuseAsync(context, GatewayRequest.Of(context), Refusal.NotFound);

    /// <summary>A connection that broke under a read may not have aborted its request yet.</summary>
    private static bool ClientLeft(HttpContext context, Exception exception) =>
        exception is ConnectionResetException || (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested);

    private GatewayRequest Begin(HttpContext context)
    {
        Telemetry.Clean(context);
        var now = clock.GetUtcNow();
        var record = new RequestRecord
        {
            Time = now,
            Started = clock.GetTimestamp(),
            RequestId = RequestIds.Next(now),
            Method = context.Request.Method,
            ClientAddress = clientAddress.Of(context),
            UserAgent = context.Request.Headers.UserAgent is [{ } agent, ..] ? agent : null,
        };
        var request = new GatewayRequest(record.RequestId, record, clock);
        context.Features.Set(request);
        return request;
    }
}

internal static partial class EntryEvents
{
    [LoggerMessage(1001, LogLevel.Error, "Request {RequestId} failed in the gateway (sent to the MCP server: {Sent})", EventName = "RequestFailed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string requestId, bool sent);
}
