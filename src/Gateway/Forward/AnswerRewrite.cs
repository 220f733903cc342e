using Gateway.Advertise;
using Gateway.Authorize;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Policy;
using Gateway.Exchange;
using Gateway.Revoke;
using Gateway.Sessions;
using Gateway.Observe;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Transforms;

namespace Gateway.Forward;

/// <summary>
/// The two answers that are not only relayed: the event stream of the HTTP+SSE transport, and tool lists where the
/// server filters them. What cannot be read is refused; it is never passed on unread.
/// </summary>
internal sealed class AnswerRewrite(HeldEvents held, OpenStreams streams, ILogger<AnswerRewrite> log)
{
    /// <summary>The longest list that is filtered.</summary>
    public const int MaxList = 4 * 1024 * 1024;

    /// <summary>Whether the answer will be read, and so must not come compressed.</summary>
    public static bool Reads(string httpMethod, Authorized authorized) =>
        (httpMethod == "GET" && authorized.Server.Transport == McpTransport.HttpSse) || MayListTools(httpMethod, authorized) || MayList(httpMethod, authorized);

    /// <summary>Puts a rewriting body in place of the answer's own where there is something to rewrite.</summary>
    public async ValueTask<Refused?> ApplyAsync(ResponseTransformContext transform, GatewayRequest request, Cleared cleared)
    {
        var authorized = cleared.Authorized;
        var server = cleared.Server;
        var context = transform.HttpContext;
        var answer = transform.ProxyResponse!;
        if (!answer.IsSuccessStatusCode || !Reads(context.Request.Method, authorized))
        {
            return null;
        }

        if (IsEncoded(answer.Content))
        {
            return Unreadable;
        }

        var filter = MayListTools(context.Request.Method, authorized) ? new ToolListFilter(server.Operations.Rules, authorized.EffectiveScopes) : null;
        var policy = MayList(context.Request.Method, authorized) ? new PolicyListFilter(server.Operations.Policy!, cleared.Inbound, request.Id) : null;
        var type = TypeOf(answer.Content);
        if (IsMediaType(type, "text/event-stream"))
        {
            var destination = context.GetReverseProxyFeature().ProxiedDestination!.DestinationId;
            var stream = answer.RequestMessage!.RequestUri!;
            request.Channel = server.Transport == McpTransport.HttpSse && context.Request.Method == "GET" ? new AnswerChannel(cleared.Inbound) : null;
            var endpoint = request.Channel is not null
                ? announced => Endpoint(announced, stream, context, cleared, destination)
                : (Func<string?, (string, bool)>?)null;
            var body = await answer.Content.ReadAsStreamAsync(transform.CancellationToken);
            Replace(context, answer, new StreamContent(new EventStream(body, new EventRewrite(endpoint, filter, message => request.Channel?.Pass(message.Span), policy), new HeldShare(held, server.Id), server.Operations.Bodies.For(Principal.Of(cleared.Inbound)))));
            return null;
        }

        if (filter is not null || policy is not null)
        {
            return await FilterAsync(transform, request, answer, type, filter, policy);
        }

        if (InboundResponse.IsEventStream(answer))
        {
            return Unreadable;
        }

        // Clients of HTTP+SSE, the official C# one among them, read whatever comes as events, and post their token to the
        // endpoint that is announced there.
        return InboundResponse.HasNoContent(answer.StatusCode) || answer.Content.Headers.ContentLength == 0 ? null : new Refused(Refusal.UpstreamUnavailable, "no_event_stream");
    }

    /// <summary>Where the client is to post to, and whether it may go on: not after an endpoint that is not the server's own.</summary>
    private (string Endpoint, bool GoesOn) Endpoint(string? announced, Uri stream, HttpContext context, Cleared cleared, string destination)
    {
        var request = GatewayRequest.Of(context);
        if (announced is not null && SseEndpoint.Rewrite(announced, stream, cleared.Server, cleared.Inbound, destination) is { } endpoint)
        {
            request.Channel!.Announce(endpoint.Session);
            return (endpoint.Address, true);
        }

        log.EndpointOutside(request.Id, cleared.Server.Id, announced is null ? "unreadable" : RedirectLocation.Of(announced).Without(Credentials.Of(context, request)));
        streams.Lose(cleared.Server, request.Channel!.Sessions);
        return (SseEndpoint.Dead(cleared.Server, cleared.Inbound), false);
    }

    /// <summary>A list may come as the answer to its request, or on a stream that carries or resumes answers.</summary>
    private static bool MayListTools(string httpMethod, Authorized authorized) =>
        authorized.Server.Relay.FilterLists && !authorized.Server.Operations.Rules.Open && (httpMethod == "GET" || authorized.Operation.Method == "tools/list");

    /// <summary>The same where a decision point is asked about what is listed.</summary>
    private static bool MayList(string httpMethod, Authorized authorized) =>
        authorized.Server.Operations.Policy is { Settings.FilterLists: true } && (httpMethod == "GET" || PolicyQuestion.IsList(authorized.Operation));

    private static Refused Unreadable => new(Refusal.UpstreamUnavailable, "list_unreadable");

    /// <summary>The type, read from the header as it came; null when there is not exactly one that can be read.</summary>
    private static MediaTypeHeaderValue? TypeOf(HttpContent content) =>
        content.Headers.NonValidated.TryGetValues("Content-Type", out var types) && types.Count == 1 && MediaTypeHeaderValue.TryParse(types.ToString(), out var type) ? type : null;

    private static bool IsMediaType(MediaTypeHeaderValue? type, string name) => type is not null && type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static bool IsEncoded(HttpContent content) =>
        content.Headers.NonValidated.TryGetValues("Content-Encoding", out var codings) && !codings.All(coding => coding.Trim().Equals("identity", StringComparison.OrdinalIgnoreCase));

    private async ValueTask<Refused?> FilterAsync(ResponseTransformContext transform, GatewayRequest request, HttpResponseMessage answer, MediaTypeHeaderValue? type, ToolListFilter? filter, PolicyListFilter? policy)
    {
        try
        {
            request.BeginWait();
            using var share = new HeldShare(held, request.Server!.Id);
            var body = await ReadAsync(answer.Content, share, transform.CancellationToken);
            request.EndWait();
            if (body is null || !IsMediaType(type, "application/json") || (type!.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            {
                return body is { Length: 0 } ? null : Unreadable;
            }

            // A list may be large, and this thread may have been lent by the sockets of others.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            ReadOnlyMemory<byte> told = filter?.Without(body) ?? body;
            if (policy is not null)
            {
                var (judged, outage) = await policy.JudgeAsync(told, transform.CancellationToken);
                if (judged is not { } left)
                {
                    return PolicyCheck.RefusalOf(outage!);
                }

                told = left;
            }

            // From now on the client is waited for, and what it does not read is held for it, as its own body is.
            if (!request.Held.TryAdd(told.Length))
            {
                return Refusal.OverloadedByBodies;
            }

            Replace(transform.HttpContext, answer, new ReadOnlyMemoryContent(told));
            return null;
        }
        catch (IOException)
        {
            return Unreadable;
        }
        catch (OperationCanceledException) when (!transform.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The client still waits: it was the MCP server that paused for too long.
            return Refusal.UpstreamTimeout;
        }
    }

    /// <summary>The whole body; null when it is larger than a list may be, or than there is memory for.</summary>
    private static async Task<byte[]?> ReadAsync(HttpContent content, HeldShare share, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var source = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        while (await source.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (body.Length + read > MaxList || !share.TryHold((int)body.Length + read))
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static void Replace(HttpContext context, HttpResponseMessage answer, HttpContent content)
    {
        AnswerHeaders.Rewritten(answer, context.Response.Headers);
        answer.Content = content;
    }
}
