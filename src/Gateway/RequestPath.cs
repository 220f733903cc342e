using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Calls;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Generations;
using Gateway.Observe;
using Microsoft.AspNetCore.Http.Features;
using TokenExchange.Issuers;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway;

/// <summary>
/// The path of every proxied request, stage by stage; the first stage that doubts ends it.
/// <list type="number">
/// <item>Route: the server of the matched route, and a path that is exactly its own.</item>
/// <item>Method: those that the transport has.</item>
/// <item>Audit: nothing begins that could not be told in the end.</item>
/// <item>Origin: one that may talk to the server. OPTIONS is answered here.</item>
/// <item>Authenticate: credentials, the token for this very server and its proof, client and claims. Makes <see cref="Admitted"/>.</item>
/// <item>Body: for whoever has the required scopes. Whole only after a reload, the request starts over from its route; whole only after a while, it is authenticated once more.</item>
/// <item>Authorize: operation, the proof's use, rules and scopes, call binding, session, approval, policy. Makes <see cref="Authorized"/>.</item>
/// <item>Exchange: the token for the MCP server, verified. Makes <see cref="Cleared"/>.</item>
/// <item>Under way: room for one more, so that nobody takes the files that the process may open (<see cref="UnderWay"/>).</item>
/// <item>Use: what is good for one call alone, the bound token and the approval, is taken for good (<see cref="CallUse"/>).</item>
/// <item>Forward: with that token alone; once more with a proof that holds the nonce which the MCP server asks for; once more with a fresh token when this one is refused or has run out.</item>
/// </list>
/// </summary>
internal sealed class RequestPath(Refusals refusals, RequestEnd end, LiveGenerations generations, Standing standing, UnderWay underWay, ILogger<RequestPath> log)
{
    private static readonly TimeSpan Briefly = TimeSpan.FromSeconds(1);

    /// <summary>Runs inside YARP's pipeline, before a destination is chosen.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate forward)
    {
        var request = GatewayRequest.Of(context);
        try
        {
            var server = context.GetEndpoint()!.Metadata.GetMetadata<McpServer>()!;
            if (!server.Owns(context.Request.Path.Value))
            {
                await refusals.RefuseAsync(context, request, Refusal.NotFound);
                return;
            }

            server.InFlight.Enter();
            request.Server = server;
            request.Record.Server = server.Id;
            request.Record.Resource = server.Resource;
            if (MethodRefusal(context, server) is { } wrongMethod)
            {
                context.Response.Headers.Allow = server.Allow;
                await refusals.RefuseAsync(context, request, wrongMethod);
                return;
            }

            if (end.IsStuck)
            {
                await refusals.RefuseAsync(context, request, Refusal.OverloadedBy("audit"));
                return;
            }

            if (Admitted.CheckOrigin(context, server) is { } wrongOrigin)
            {
                await refusals.RefuseAsync(context, request, wrongOrigin);
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

            if (!(await Admitted.AuthenticateAsync(context, request, server)).Passes(out var admitted, out var refused)
                || (refused = await BodyReader.ReadAsync(context, request, admitted)) is not null)
            {
                await refusals.RefuseAsync(context, request, refused);
                return;
            }

            if (request.Body is not null && server.Generation < generations.Current.Number)
            {
                // Complete only now, and what was decided before its body came was decided by rules that hold no more.
                request.JudgeAgain = true;
                return;
            }

            if (!(await StillAdmittedAsync(context, request, admitted)).Passes(out var still, out refused)
                || !(await Authorized.AuthorizeAsync(context, request, still)).Passes(out var authorized, out refused)
                || !(await Cleared.ObtainAsync(request, authorized, context.RequestAborted)).Passes(out var cleared, out refused))
            {
                // Of a token that was revoked, or ran out, meanwhile, that is the refusal, whatever came of it.
                await refusals.RefuseAsync(context, request, standing.RefusalOf(admitted.Token) ?? refused);
                return;
            }

            var principal = Principal.Of(cleared.Inbound);
            if (!underWay.TryEnter(principal))
            {
                await refusals.RefuseAsync(context, request, Refusal.OverloadedBy("requests"));
                return;
            }

            try
            {
                if (await CallUse.TakeAsync(authorized, standing, context.RequestAborted) is { } used)
                {
                    await refusals.RefuseAsync(context, request, used);
                    return;
                }

                await ForwardAsync(context, request, cleared, forward);
            }
            finally
            {
                underWay.Leave(principal);
            }
        }
        finally
        {
            if (!request.JudgeAgain)
            {
                request.Held.Dispose();
            }

            request.Stream?.Dispose();
            if (request.Owing is { } channel && context.Response.StatusCode is < 200 or > 299)
            {
                channel.Forget(request.MessageId.Span);
            }

            request.Server?.InFlight.Leave();
        }
    }

    private async Task ForwardAsync(HttpContext context, GatewayRequest request, Cleared cleared, RequestDelegate forward)
    {
        Destinations.Pin(context, cleared.Authorized);
        await SendAsync(context, request, cleared, forward);
        if (request.Attempt.Retry == Retry.KnownNonce)
        {
            // Once, with the same token: nothing is wrong with it. One that wants yet another nonce has refused the token.
            Destinations.Restore(context);
            await SendAsync(context, request, cleared, forward);
        }

        if (request.Attempt is { Retry: not Retry.None, Refused: { } said })
        {
            // Once: the MCP server may know of a revocation or a rotated key before the cache does.
            if (standing.RefusalOf(cleared.Inbound) is { } fallen)
            {
                await refusals.RefuseAsync(context, request, fallen);
                return;
            }

            if (!(await cleared.RenewAsync(request, said, context.RequestAborted)).Passes(out var renewed, out var refused))
            {
                await refusals.RefuseAsync(context, request, standing.RefusalOf(cleared.Inbound) ?? refused);
                return;
            }

            Destinations.Restore(context);
            await SendAsync(context, request, renewed, forward);
        }

        var failure = context.Features.Get<IForwarderErrorFeature>();
        if (failure is not null && !ClientLeft(context, failure))
        {
            log.ForwardingFailed(request.Id, cleared.Server.Id, failure.Error, Fault.Kinds(failure.Exception));
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits any more; told as what it is and not as a failure of the MCP server.
            context.RequestAborted.ThrowIfCancellationRequested();
        }
        else if (request.Attempt.Refused is { } withheld)
        {
            await refusals.RefuseAsync(context, request, withheld);
        }
        else if (!context.Response.HasStarted && failure is not null)
        {
            await refusals.RefuseAsync(context, request, FailureOf(failure));
        }
        else
        {
            // An answer without a body has not begun yet.
            await end.CompleteAsync(context, request);
        }
    }

    /// <summary>A body that took its time is asked for with a token that was accepted before: asked about once more, of its issuer too.</summary>
    private ValueTask<Decision<Admitted>> StillAdmittedAsync(HttpContext context, GatewayRequest request, Admitted admitted) =>
        request.Body is not null && request.Clock.GetElapsedTime(request.Record.Started) > Briefly ? Admitted.AuthenticateAsync(context, request, admitted.Server)
        : standing.RefusalOf(admitted.Token) is { } fallen ? new(fallen)
        : new(admitted);

    /// <summary>One attempt: the last gate finds what it may send on the request, and what came of it stands there afterwards.</summary>
    private static Task SendAsync(HttpContext context, GatewayRequest request, Cleared cleared, RequestDelegate forward)
    {
        request.Cleared = cleared;
        request.Attempt = default;
        cleared.Authorized.Body?.Rewind(context);
        return forward(context);
    }

    /// <summary>Clients leave streams all the time; nothing has failed.</summary>
    private static bool ClientLeft(HttpContext context, IForwarderErrorFeature failure) =>
        failure.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
        || (context.RequestAborted.IsCancellationRequested && failure.Exception is (null or OperationCanceledException));

    private static Refused FailureOf(IForwarderErrorFeature failure) => failure.Error switch
    {
        ForwarderError.RequestTimedOut => Refusal.McpServerTimeout,
        ForwarderError.RequestCreation => new Refused(Refusal.InternalError, "last_gate"),

        // A header that no answer may have, such as a length that is no number: Kestrel refuses to say it.
        ForwarderError.ResponseHeaders when failure.Exception is InvalidOperationException => new Refused(Refusal.McpServerUnavailable, OutageCause.Malformed),
        _ => new Refused(Refusal.McpServerUnavailable, OutageCause.Of(failure.Exception)),
    };

    private static Refusal? MethodRefusal(HttpContext context, McpServer server)
    {
        // MCP has no WebSocket transport, and YARP would forward an upgrade.
        var upgrade = context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
            && context.Request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase);
        var known = context.Request.Method switch
        {
            "GET" or "POST" or "OPTIONS" => true,
            "DELETE" => server.Transport == McpTransport.StreamableHttp,
            _ => false,
        };

        return known && !upgrade ? null : Refusal.MethodNotAllowed;
    }
}
