using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Observe;
using Gateway.Sessions;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway;

/// <summary>
/// The path of every proxied request, stage by stage; the first stage that doubts ends it.
/// <list type="number">
/// <item>Route: the server of the matched route, and a path that is exactly its own.</item>
/// <item>Method: those that the transport has; OPTIONS is answered here.</item>
/// <item>Authenticate: Origin, credentials, the token for this very server and its proof, client and claims.</item>
/// <item>Authorize: required scopes, body, the proof's use, operation, scope, session.</item>
/// <item>Exchange: the token for the MCP server, verified.</item>
/// <item>Forward: with that token alone; once more with a fresh one when the MCP server refuses it.</item>
/// </list>
/// </summary>
internal sealed class RequestPath(RequestEnd end, ILogger<RequestPath> log)
{
    /// <summary>Runs inside YARP's pipeline, before a destination is chosen.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate forward)
    {
        var request = GatewayRequest.Of(context);
        try
        {
            var server = context.GetEndpoint()!.Metadata.GetMetadata<McpServer>()!;
            if (!server.Owns(context.Request.Path.Value))
            {
                await RefuseAsync(context, request, Refusal.NotFound);
                return;
            }

            server.InFlight.Enter();
            request.Server = server;
            request.Record.Server = server.Id;
            request.Record.Resource = server.Resource;
            if (MethodRefusal(context, server) is { } wrongMethod)
            {
                context.Response.Headers.Allow = server.Allow;
                await RefuseAsync(context, request, wrongMethod);
                return;
            }

            if (AuthenticateStage.CheckOrigin(context, server) is { } wrongOrigin)
            {
                await RefuseAsync(context, request, wrongOrigin);
                return;
            }

            // Any other upgrade is ignored, as HTTP allows.
            context.Features.Set<IHttpUpgradeFeature>(null);
            if (context.Request.Method == "OPTIONS")
            {
                request.Told = true;
                Cors.AnswerOptions(context, server);
                return;
            }

            var refused = await AuthenticateStage.AuthenticateAsync(context, request, server)
                ?? AuthorizeStage.CheckRequiredScopes(request, server)
                ?? await AuthorizeStage.ReadOperationAsync(context, request, server)
                ?? await SenderProof.RedeemAsync(request, server, context.RequestAborted)
                ?? AuthorizeStage.CheckRules(request, server)
                ?? AuthorizeStage.CheckSession(context, request, server)
                ?? await ExchangeStage.ObtainAsync(request, server, context.RequestAborted);
            if (refused is not null)
            {
                await RefuseAsync(context, request, refused);
                return;
            }

            await ForwardAsync(context, request, server, forward);
        }
        finally
        {
            request.Held.Dispose();
            request.Stream?.Dispose();
            request.Server?.InFlight.Leave();
        }
    }

    private async Task ForwardAsync(HttpContext context, GatewayRequest request, McpServer server, RequestDelegate forward)
    {
        Destinations.Pin(context, request);
        request.Body?.Rewind(context);
        await forward(context);
        if (request.TokenRefusedUpstream && server.Exchanger is not null && server.Mode != Configuration.Options.OutboundMode.SameToken)
        {
            // Once: the MCP server may know of a revocation or a rotated key before the cache does.
            request.TokenRefusedUpstream = false;
            request.Upstream = null;
            if (await ExchangeStage.RenewAsync(request, server, context.RequestAborted) is { } refused)
            {
                await RefuseAsync(context, request, refused);
                return;
            }

            Destinations.Restore(context);
            request.Body?.Rewind(context);
            await forward(context);
        }

        var failure = context.Features.Get<IForwarderErrorFeature>();
        if (failure is not null && !ClientLeft(context, failure))
        {
            log.ForwardingFailed(request.Id, server.Id, failure.Error, Fault.Kinds(failure.Exception));
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits any more; told as what it is and not as a failure of the MCP server.
            context.RequestAborted.ThrowIfCancellationRequested();
        }
        else if (request.Upstream is { } upstream)
        {
            await RefuseAsync(context, request, upstream);
        }
        else if (!context.Response.HasStarted && failure is not null)
        {
            await RefuseAsync(context, request, FailureOf(failure.Error));
        }
        else
        {
            // An answer without a body has not begun yet.
            await end.CompleteAsync(context, request);
        }
    }

    /// <summary>Clients leave streams all the time; nothing has failed.</summary>
    private static bool ClientLeft(HttpContext context, IForwarderErrorFeature failure) =>
        failure.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
        || (context.RequestAborted.IsCancellationRequested && failure.Exception is (null or OperationCanceledException));

    private static Refused FailureOf(ForwarderError error) => error switch
    {
        ForwarderError.RequestTimedOut => Refusal.UpstreamTimeout,
        ForwarderError.RequestCreation => new Refused(Refusal.InternalError, "last_gate"),
        _ => Refusal.UpstreamUnavailable,
    };

    private static Refusal? MethodRefusal(HttpContext context, McpServer server)
    {
        // MCP has no WebSocket transport, and YARP would forward an upgrade.
        var upgrade = context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
            && context.Request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase);
        var known = context.Request.Method switch
        {
            "GET" or "POST" or "OPTIONS" => true,
            "DELETE" => server.Transport == Configuration.Options.McpTransport.StreamableHttp,
            _ => false,
        };

        return known && !upgrade ? null : Refusal.MethodNotAllowed;
    }

    private async Task RefuseAsync(HttpContext context, GatewayRequest request, Refused refused)
    {
        if (request.Server is { } server)
        {
            Cors.Expose(context, server);
        }

        request.Refuse(refused);
        await end.CompleteAsync(context, request);
        await RefusalWriter.WriteAsync(context, request, refused);
    }
}
