using Gateway.Advertise;
using Gateway.Configuration.Options;
using Gateway.Forward;
using Gateway.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using TokenExchange.Issuers;

namespace Gateway.Authorize;

/// <summary>
/// The stage that decides what is asked and whether the caller may: body, operation, scope, session. Refuses whatever
/// the gateway and the MCP server could read as two different operations.
/// </summary>
internal static class AuthorizeStage
{
    public const string SessionHeader = "Mcp-Session-Id";

    private const int LargeBody = 16 * 1024;

    /// <summary>Whether the token has the scopes that every request here needs: asked before a byte of the body is read for it.</summary>
    public static Refused? CheckRequiredScopes(GatewayRequest request, McpServer server)
    {
        request.EffectiveScopes = server.Scopes.Effective(request.Token!.Scopes);
        return server.Rules.Required.IsSubsetOf(request.EffectiveScopes) ? null : new Refused(Refusal.InsufficientScope, Scopes: server.Rules.Required);
    }

    /// <summary>Reads the body and the operation in it; on success the request holds both.</summary>
    public static async ValueTask<Refused?> ReadOperationAsync(HttpContext context, GatewayRequest request, McpServer server)
    {
        var http = context.Request;
        if (http.Method != "POST")
        {
            // A GET or DELETE has no message; bytes that nobody looked at are not passed on.
            return context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && http.ContentLength != 0 ? Refusal.BodyNotOneMessage : null;
        }

        request.Held = server.Bodies.For(new Principal(request.Token!.Issuer, request.Token.Subject));
        if (!request.Held.TryGrow(RequestBody.FirstSize(http, server.MaxRequestBody)))
        {
            return Refusal.OverloadedByBodies;
        }

        if (!IsFramedOnce(http))
        {
            return Refusal.BodyFraming;
        }

        if (!IsPlainJson(http))
        {
            return Refusal.BodyMediaType;
        }

        var (body, unreadable) = await ReadBodyAsync(context, request, server);
        if (body is null)
        {
            return unreadable;
        }

        if (body.Length > LargeBody)
        {
            // Reading it takes a while, and this thread may have been lent by the sockets of others.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        var operation = OperationReader.Read(body.Bytes, out var refusal, out var id);
        request.MessageId = body.Memory[id];
        if (operation is null)
        {
            return refusal!;
        }

        request.Body = body;
        request.Operation = operation;
        if (operation.Method is { } method)
        {
            request.Record.Method = method;
        }

        request.Record.Operation = operation.Name;
        return McpHeaders.Agree(http.Headers, operation, server.Transport) ? null : Refusal.HeaderMismatch;
    }

    /// <summary>Applies the server's rules to the operation; on success the request knows its outbound scopes.</summary>
    public static Refused? CheckRules(GatewayRequest request, McpServer server)
    {
        var verdict = server.Rules.Of(request.Operation);
        if (verdict.Denied)
        {
            return Refusal.OperationDenied;
        }

        var effective = request.EffectiveScopes;
        if (!verdict.Scopes.IsSubsetOf(effective))
        {
            return new Refused(Refusal.InsufficientScope, Scopes: verdict.Scopes);
        }

        request.OutboundScopes = server.Scopes.Outbound(server.NarrowToOperation ? verdict.Scopes : effective);
        return null;
    }

    /// <summary>Opens the session that the client presents, if it is its own.</summary>
    public static Refused? CheckSession(HttpContext context, GatewayRequest request, McpServer server)
    {
        StringValues presented;
        var optional = false;
        if (server.Transport == McpTransport.HttpSse)
        {
            // Whatever revision a header claims: this transport has sessions, and a message without one is nobody's.
            presented = SseEndpoint.SessionOf(context.Request.Query).Value;
            if (context.Request.Method == "GET" && presented.Count == 0)
            {
                return null;
            }

            if (context.Request.Method != "GET" && SseEndpoint.IsBoundAsAWhole(context.Request, server, request.Token!, out var whole))
            {
                request.Session = whole;
                return whole is { } own && server.Destinations.ContainsKey(own.Destination) ? null : Refusal.SessionNotYours;
            }
        }
        else
        {
            presented = context.Request.Headers[SessionHeader];
            optional = McpHeaders.IsModern(context.Request.Headers, request.Operation);
            if (presented.Count == 0 || (optional && McpHeaders.IsKnown(context.Request.Headers, request.Operation)))
            {
                return null;
            }
        }

        BoundSession session = default;
        if (presented.Count != 1 || !server.Sessions.TryUnwrap(presented[0]!, server.Resource, request.Token!, out session) || !server.Destinations.ContainsKey(session.Destination))
        {
            return optional ? null : session.Destination == SseEndpoint.Nowhere ? Refusal.EndpointOutside : Refusal.SessionNotYours;
        }

        request.Session = session;
        return null;
    }

    private static async ValueTask<(RequestBody? Body, Refused? Unreadable)> ReadBodyAsync(HttpContext context, GatewayRequest request, McpServer server)
    {
        try
        {
            var (body, beyond) = await RequestBody.ReadAsync(context.Request, request, server.MaxRequestBody, context.RequestAborted);
            return (body, body is not null ? null : beyond == BodyBound.Own ? Refusal.BodyTooLarge : Refusal.OverloadedByBodies);
        }
        catch (BadHttpRequestException exception)
        {
            return (null, exception.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => Refusal.BodyTooLarge,
                StatusCodes.Status408RequestTimeout => Refusal.BodyTooSlow,
                _ => Refusal.BodyNotJson,
            });
        }
        catch (IOException exception) when (exception.InnerException is OverflowException)
        {
            // A chunk longer than can be counted, for which Kestrel has no refusal of its own.
            return (null, Refusal.BodyNotJson);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Nothing of the body was wrong: there is nobody any more to send it, whether or not the request knows yet.
            throw new ConnectionResetException("The client left while it sent its body.", exception);
        }
    }

    /// <summary>
    /// Whether the body's end is said once. Kestrel takes a transfer coding beside a length, or stacked upon another, by
    /// its own reading, as HTTP allows; a proxy in front may have read something else (RFC 9112 §6.1, §11.2). No other
    /// version than HTTP/1.1 has transfer codings; Kestrel ignores one in HTTP/2, which calls it malformed (RFC 9113 §8.2.2).
    /// </summary>
    private static bool IsFramedOnce(HttpRequest request)
    {
        var coding = request.Headers.TransferEncoding;

        // The name under which Kestrel keeps a length that it ignored.
        return coding.Count == 0
            || (coding.Count == 1 && coding[0]!.Equals("chunked", StringComparison.OrdinalIgnoreCase) && HttpProtocol.IsHttp11(request.Protocol) && !request.Headers.ContainsKey("X-Content-Length"));
    }

    private static bool IsPlainJson(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding;
        if (encoding.Count > 1 || (encoding.Count == 1 && !encoding[0]!.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        if (request.Headers.ContentType is not [{ } contentType])
        {
            return false;
        }

        if (contentType == "application/json")
        {
            return true;
        }

        return MediaType.Parse(contentType) is { } type
            && type.Is("application/json")
            && type.Parameters.All(parameter => parameter.Key.Equals("charset", StringComparison.OrdinalIgnoreCase) && parameter.Value.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }
}
