using System.Net;
using Gateway.Advertise;
using Gateway.Authorize;
using Gateway.Exchange;
using Gateway.Observe;
using Gateway.Revoke;
using Gateway.Sessions;
using Microsoft.Net.Http.Headers;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using Yarp.ReverseProxy.Transforms;

namespace Gateway.Forward;

/// <summary>
/// Looks at the MCP server's answer before its first byte goes to the client. Its challenges, redirects and refusals of
/// the hop token stay here; everything else passes untouched, event streams at once.
/// </summary>
internal sealed class InboundResponse(RequestEnd end, AnswerRewrite rewrite, OpenStreams streams, GatewayMetrics metrics, TimeProvider clock, ILogger<InboundResponse> log)
{
    private readonly Func<object, Task> beginning = state => end.CompleteAsync((HttpContext)state, GatewayRequest.Of((HttpContext)state)).AsTask();

    /// <summary>Relays the answer, or leaves a refusal on the request to be written in its place.</summary>
    public async ValueTask ApplyAsync(ResponseTransformContext transform)
    {
        var context = transform.HttpContext;
        var request = GatewayRequest.Of(context);
        var answer = transform.ProxyResponse;

        // Also when nothing came: the MCP server was waited for.
        request.EndWait();
        if (answer is null || request.Cleared is not { Server: { } server } cleared)
        {
            return;
        }

        if (request.Attempt.Refused is not null)
        {
            // Kept here when it was about to be written: nobody has answered.
            transform.SuppressResponseBody = true;
            context.Response.Clear();
            return;
        }

        request.Record.McpServerStatus = (int)answer.StatusCode;
        metrics.Answered(server.Id, (int)answer.StatusCode);
        server.Traffic?.Answered((int)answer.StatusCode);
        var nonceIsKnown = server.Relay.Proof?.Take(context.GetReverseProxyFeature().ProxiedDestination!.Model.Config.Address, answer) == true;

        // Asked before a rewriting body takes the place of the answer's own, which alone has the type.
        var isStream = IsEventStream(answer);
        var headers = context.Response.Headers;
        AnswerHeaders.Apply(answer, headers, request.Id, isStream);
        if ((RefusalFor(context, answer, request, cleared) ?? await rewrite.ApplyAsync(transform, request, cleared)) is { } refused)
        {
            if (refused.Kind == Refusal.McpServerRedirected && answer.Headers.NonValidated.TryGetValues("Location", out var locations))
            {
                log.McpServerRedirected(request.Id, server.Id, RedirectLocation.Of(locations.ToString()).Without(Credentials.Of(context, request)));
            }

            request.Attempt = new Attempt(refused, nonceIsKnown ? Retry.KnownNonce : refused.Kind == Refusal.McpServerRefusedToken ? Retry.FreshToken : Retry.None);
            transform.SuppressResponseBody = true;
            context.Response.Clear();
            return;
        }

        ProofNonce.Offer(headers, request);
        BindSession(context, headers, cleared);
        Cors.Expose(context, server);
        request.Record.Status = (int)answer.StatusCode;
        if (HasNoContent(answer.StatusCode))
        {
            // What comes all the same stays here, and so does the length that it would have: Kestrel sends neither, and
            // takes them for a fault of the gateway. Only with 304 a length speaks of something else (RFC 9110 §8.6).
            transform.SuppressResponseBody = true;
            context.Response.ContentLength = answer.StatusCode == HttpStatusCode.NotModified ? context.Response.ContentLength : null;
            return;
        }

        await LeaseAsync(transform, request, cleared, isStream);

        // The audit line is written before the client has the answer: no answer without one. But not before the answer
        // begins, because one that breaks until then is not given.
        request.BeginWait();
        context.Response.OnStarting(beginning, context);
        if (isStream)
        {
            // Headers would otherwise wait for the first event.
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>
    /// Puts every answer that has a body under a lease, whatever its media type and length: one that listens until its token
    /// is accepted no more, the answer to a request until the server's limit. One that is there at once ends before it opens.
    /// </summary>
    private async ValueTask LeaseAsync(ResponseTransformContext transform, GatewayRequest request, Cleared cleared, bool isStream)
    {
        var context = transform.HttpContext;
        var answer = transform.ProxyResponse!;
        var length = context.Response.ContentLength ?? answer.Content.Headers.ContentLength;
        if (!isStream && length == 0)
        {
            return;
        }

        var relay = cleared.Server.Relay;
        var listening = IsListening(cleared.Authorized.Operation);
        var inOrder = isStream || (length is null && !IsDocument(answer));
        var terms = new StreamTerms(listening ? cleared.Inbound.AcceptedUntil : DateTimeOffset.MaxValue, relay.StreamIdleTimeout, listening, inOrder, request.Channel)
        {
            Deadline = listening ? long.MaxValue : clock.GetTimestamp() + (long)(relay.MaxResponseDuration.TotalSeconds * clock.TimestampFrequency),
        };
        var source = await answer.Content.ReadAsStreamAsync(transform.CancellationToken);
        var body = new LeasedStream(source, () => request.Stream = streams.Open(context, cleared, terms), isStream, inOrder, context.RequestAborted);
        answer.Content = new StreamContent(body);
        if (isStream)
        {
            // It may end before the length that it said, and in order.
            context.Response.ContentLength = null;
            body.Open();
        }
    }

    /// <summary>Trailers pass, but for what may not leave as a header either.</summary>
    public static ValueTask ApplyAsync(ResponseTrailersTransformContext transform)
    {
        var trailers = transform.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseTrailersFeature>()?.Trailers;
        if (trailers is not null && transform.ProxyResponse is { } answer)
        {
            AnswerHeaders.ApplyToTrailers(answer, trailers);
            trailers.Remove(SessionPolicy.Header);
        }

        return default;
    }

    /// <summary>Whether an answer of this status has no content, whatever its headers say (RFC 9110 §15.3.5, §15.3.6, §15.4.5).</summary>
    public static bool HasNoContent(HttpStatusCode status) => status is HttpStatusCode.NoContent or HttpStatusCode.ResetContent or HttpStatusCode.NotModified;

    private static Refused? RefusalFor(HttpContext context, HttpResponseMessage answer, GatewayRequest request, Cleared cleared)
    {
        if (answer.Headers.NonValidated.TryGetValues(HeaderNames.TransferEncoding, out var codings) && !codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            // Nobody asked for another coding, and the client would get its bytes without its name.
            return new Refused(Refusal.McpServerUnavailable, "transfer_coding");
        }

        if (context.Response.Headers[SessionPolicy.Header] is [{ Length: > SessionBinding.MaxId }])
        {
            // Handed out, it could not be taken back.
            return new Refused(Refusal.McpServerUnavailable, "session_too_long");
        }

        switch ((int)answer.StatusCode)
        {
            case 401:
                return new Refused(Refusal.McpServerRefusedToken, OutboundChallenge.Said(answer).Without(Credentials.Of(context, request)));
            case 403 when OutboundChallenge.ScopesOf(answer) is { } scopes:
                return new Refused(Refusal.McpServerInsufficientScope, OutboundChallenge.Said(answer).Without(Credentials.Of(context, request)), StepUp(cleared, scopes));
            case 101:
                return new Refused(Refusal.McpServerUnavailable, "upgrade");
            case < 100:
                // No status (RFC 9110 §15), and Kestrel would write it with fewer than three digits, which nobody can read.
                return new Refused(Refusal.McpServerUnavailable, OutageCause.Malformed);
            case >= 300 and < 400 when answer.StatusCode != HttpStatusCode.NotModified:
                return Refusal.McpServerRedirected;
            default:
                return null;
        }
    }

    /// <summary>All scopes that the operation needs, as far as rules and MCP server say.</summary>
    private static ScopeSet StepUp(Cleared cleared, ScopeSet asked)
    {
        var policy = cleared.Server.Operations;
        return policy.Rules.Of(cleared.Authorized.Operation).Scopes.Union(policy.Scopes.Back(asked));
    }

    private static void BindSession(HttpContext context, IHeaderDictionary headers, Cleared cleared)
    {
        var issued = headers[SessionPolicy.Header];
        if (issued.Count == 0)
        {
            return;
        }

        if (McpHeaders.IsModern(context.Request.Headers, cleared.Authorized.Operation) || issued.Count > 1)
        {
            headers.Remove(SessionPolicy.Header);
            return;
        }

        headers[SessionPolicy.Header] = cleared.Server.Sessions.Binding.Wrap(new BoundSession(issued[0]!, context.GetReverseProxyFeature().ProxiedDestination!.DestinationId), cleared.Server.Resource, cleared.Inbound);
    }

    /// <summary>A listening stream lives as long as the token that opened it; the answer to a request, as long as the server allows.</summary>
    private static bool IsListening(Operation operation) => operation.Kind == MessageKind.None || operation.Method == OperationNames.Listen;

    /// <summary>Whether the answer is one document, half of which is none; what does not say what it is counts as one.</summary>
    private static bool IsDocument(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentType?.MediaType is not { } type || type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a client may take the answer for an event stream.</summary>
    public static bool IsEventStream(HttpResponseMessage answer)
    {
        if (answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types))
        {
            foreach (var type in types)
            {
                if (type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
