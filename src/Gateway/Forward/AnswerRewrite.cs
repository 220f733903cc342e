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
        (httpMethod == "GET" && authorized.Server.Transport == McpTransport.HttpSse) || ListFilters.Applies(httpMethod, authorized);

    /// <summary>Puts a rewriting body in place of the answer's own where there is something to rewrite.</summary>
    public async ValueTask<Refused?> ApplyAsync(ResponseTransformContext transform, GatewayRequest request, Cleared cleared)
    {
        var server = cleared.Server;
        var context = transform.HttpContext;
        var answer = transform.ProxyResponse!;
        var lists = ListFilters.Of(context.Request.Method, request, cleared);
        var opensChannel = answer.IsSuccessStatusCode && server.Transport == McpTransport.HttpSse && context.Request.Method == "GET";
        if (lists is null && !opensChannel)
        {
            return null;
        }

        if (IsEncoded(answer.Content))
        {
            return Unreadable;
        }

        var type = TypeOf(answer.Content);
        if (IsMediaType(type, "text/event-stream"))
        {
            request.Channel = opensChannel ? new AnswerChannel(cleared.Inbound) : null;
            var rewrite = RewriteOf(context, answer, cleared, request.Channel, lists);
            var body = await answer.Content.ReadAsStreamAsync(transform.CancellationToken);
            Replace(context, answer, new StreamContent(new EventStream(body, rewrite, new HeldShare(held, server.Id), server.Operations.Bodies.For(Principal.Of(cleared.Inbound)))));
            return null;
        }

        if (lists is not null)
        {
            return await FilterAsync(transform, request, answer, type, lists);
        }

        if (InboundResponse.IsEventStream(answer))
        {
            return Unreadable;
        }

        // Clients of HTTP+SSE, the official C# one among them, read whatever comes as events, and post their token to the
        // endpoint that is announced there.
        return InboundResponse.HasNoContent(answer.StatusCode) || answer.Content.Headers.ContentLength == 0 ? null : new Refused(Refusal.McpServerUnavailable, "no_event_stream");
    }

    /// <summary>What becomes of the events of a stream. On its own, so that an answer that is no stream makes nothing for it.</summary>
    private EventRewrite RewriteOf(HttpContext context, HttpResponseMessage answer, Cleared cleared, AnswerChannel? channel, ListFilters? lists)
    {
        if (channel is null)
        {
            return new EventRewrite(null, () => lists);
        }

        var destination = context.GetReverseProxyFeature().ProxiedDestination!.DestinationId;
        var stream = answer.RequestMessage!.RequestUri!;
        return new EventRewrite(announced => Endpoint(announced, stream, context, cleared, destination), ListsOn(channel, lists), message => channel.Pass(message.Span));
    }

    /// <summary>What filters the lists on a stream: <paramref name="lists"/>, until somebody asks for one by another token, and perhaps under other rules.</summary>
    private static Func<ListFilters?> ListsOn(AnswerChannel channel, ListFilters? lists)
    {
        ListReader? known = null;
        return () =>
        {
            if (channel.Reader is { } reader && !ReferenceEquals(reader, known))
            {
                (known, lists) = (reader, ListFilters.Of(reader));
            }

            return lists;
        };
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

    private static Refused Unreadable => new(Refusal.McpServerUnavailable, "list_unreadable");

    /// <summary>The type, read from the header as it came; null when there is not exactly one that can be read.</summary>
    private static MediaTypeHeaderValue? TypeOf(HttpContent content) =>
        content.Headers.NonValidated.TryGetValues("Content-Type", out var types) && types.Count == 1 && MediaTypeHeaderValue.TryParse(types.ToString(), out var type) ? type : null;

    private static bool IsMediaType(MediaTypeHeaderValue? type, string name) => type is not null && type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static bool IsEncoded(HttpContent content) =>
        content.Headers.NonValidated.TryGetValues("Content-Encoding", out var codings) && !codings.All(coding => coding.Trim().Equals("identity", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether nobody takes the answer for the list: errors, and what posts of the HTTP+SSE transport are answered while the list comes on the stream.</summary>
    private static bool IsAside(HttpContext context, HttpResponseMessage answer, McpServer server) =>
        !answer.IsSuccessStatusCode || (server.Transport == McpTransport.HttpSse && context.Request.Method == "POST");

    private async ValueTask<Refused?> FilterAsync(ResponseTransformContext transform, GatewayRequest request, HttpResponseMessage answer, MediaTypeHeaderValue? type, ListFilters lists)
    {
        byte[]? body = null;
        var aside = IsAside(transform.HttpContext, answer, request.Server!);
        try
        {
            request.BeginWait();
            using var share = new HeldShare(held, request.Server!.Id);
            body = await ReadAsync(answer.Content, share, transform.CancellationToken);
            request.EndWait();
            if (body is null || (!aside && (!IsMediaType(type, "application/json") || (type!.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))))
            {
                return body is { Length: 0 } ? null : Unreadable;
            }

            // A list may be large, and this thread may have been lent by the sockets of others.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            ReadOnlyMemory<byte> told = lists.Tools?.Without(body) ?? body;
            if (lists.Policy is not null)
            {
                var (judged, outage) = await lists.Policy.JudgeAsync(told, transform.CancellationToken);
                if (judged is not { } left)
                {
                    return PolicyCheck.RefusalOf(outage!);
                }

                told = left;
            }

            return Tell(transform.HttpContext, request, answer, told, isAsItCame: aside && told.Equals(body));
        }
        catch (MalformedAnswerException) when (aside)
        {
            // No message at all, such as a word or a page, and what it says no client reads as one.
            return Tell(transform.HttpContext, request, answer, body, isAsItCame: true);
        }
        catch (IOException)
        {
            return Unreadable;
        }
        catch (OperationCanceledException) when (!transform.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The client still waits: it was the MCP server that paused for too long.
            return Refusal.McpServerTimeout;
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

    /// <summary>From now on the client is waited for, and what it does not read is held for it, as its own body is.</summary>
    private static Refused? Tell(HttpContext context, GatewayRequest request, HttpResponseMessage answer, ReadOnlyMemory<byte> told, bool isAsItCame)
    {
        if (!request.Held.TryAdd(told.Length))
        {
            return Refusal.OverloadedByBodies;
        }

        if (isAsItCame)
        {
            answer.Content = new ReadOnlyMemoryContent(told);
        }
        else
        {
            Replace(context, answer, new ReadOnlyMemoryContent(told));
        }

        return null;
    }

    private static void Replace(HttpContext context, HttpResponseMessage answer, HttpContent content)
    {
        AnswerHeaders.Rewritten(answer, context.Response.Headers);
        answer.Content = content;
    }
}
