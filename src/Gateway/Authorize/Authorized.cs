using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize.Calls;
using Gateway.Authorize.Policy;
using Gateway.Observe;
using Gateway.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using TokenExchange.Inbound;
using TokenExchange.Issuers;

namespace Gateway.Authorize;

/// <summary>
/// What is asked, by somebody who may. Made by the second stage alone, which looks at body, operation, scope, session and policy,
/// and refuses whatever the gateway and the MCP server could read as two different operations.
/// </summary>
internal sealed class Authorized
{
    private const int LargeBody = 16 * 1024;

    private Authorized(Admitted admitted, ScopeSet effectiveScopes, Operation operation, RequestBody? body)
    {
        Admitted = admitted;
        EffectiveScopes = effectiveScopes;
        Operation = operation;
        Body = body;
    }

    public Admitted Admitted { get; }

    public McpServer Server => Admitted.Server;

    public Operation Operation { get; }

    /// <summary>The request body, read whole; null without one.</summary>
    public RequestBody? Body { get; }

    /// <summary>What a policy judges the message by besides; nothing where none is asked.</summary>
    public PolicyParameters PolicyParameters { get; private init; } = PolicyParameters.None;

    /// <summary>What approves this call, where a rule asks for it; null elsewhere.</summary>
    public Approval? Approval { get; private set; }

    /// <summary>The approval that the token holds; taken at the last gate.</summary>
    public (string Identifier, DateTimeOffset End)? ApprovedBy { get; private set; }

    /// <summary>The HTTP method.</summary>
    public string Verb { get; private set; } = "POST";

    /// <summary>The scopes that count for the caller, closed under implication.</summary>
    public ScopeSet EffectiveScopes { get; }

    /// <summary>The scopes to ask for outbound.</summary>
    public ScopeSet OutboundScopes { get; private set; } = ScopeSet.Empty;

    /// <summary>The session that the client presented and that is its own.</summary>
    public BoundSession? Session { get; private set; }

    /// <summary>Reads the body, unless it is there already, for whoever may ask anything at all.</summary>
    public static ValueTask<Refused?> ReadBodyAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        // Whoever lacks what every request here needs is told so before a byte of the body is held for it.
        var policy = admitted.Server.Operations;
        var effective = policy.Scopes.Effective(admitted.Token.Scopes);
        if (!policy.Rules.Required.IsSubsetOf(effective))
        {
            return new(Lacking(policy.Rules.Required, effective));
        }

        return request.Body is { } there ? new(there.Length > policy.MaxRequestBody ? Refusal.BodyTooLarge : null) : TakeBodyAsync(context, request, admitted);
    }

    /// <summary>Reads what is asked, in the body that was read, and checks that the caller may.</summary>
    public static async ValueTask<Decision<Authorized>> AuthorizeAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        if (!(await ReadOperationAsync(context, request, admitted)).Passes(out var asked, out var unread))
        {
            return unread;
        }

        var refused = await SenderProof.RedeemAsync(request, admitted, asked.Body?.Memory ?? default, context.RequestAborted)
            ?? asked.CheckRules()
            ?? asked.CheckCall(context.Request.Method)
            ?? asked.CheckSession(context)
            ?? asked.CheckApproval(request.Record);
        if (refused is null && asked.Server.Operations.Policy is { } policy)
        {
            refused = await policy.RefusalAsync(request, asked, context.RequestAborted);
        }

        return refused is not null ? refused : asked;
    }

    private static async ValueTask<Refused?> TakeBodyAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        var server = admitted.Server;
        var http = context.Request;
        if (http.Method != "POST")
        {
            // A GET or DELETE has no message; bytes that nobody looked at are not passed on.
            return context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && http.ContentLength != 0
                ? BodyRefusal.NotExpected
                : null;
        }

        request.Held = server.Operations.Bodies.For(new Principal(admitted.Token.Issuer, admitted.Token.Subject));
        if (!request.Held.TryGrow(RequestBody.FirstSize(http, server.Operations.MaxRequestBody)))
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

        var (body, unreadable) = await ReadAsync(context, request, server);
        request.Body = body;
        return unreadable;
    }

    /// <summary>Reads the operation in the body.</summary>
    private static async ValueTask<Decision<Authorized>> ReadOperationAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        var effective = admitted.Server.Operations.Scopes.Effective(admitted.Token.Scopes);
        if (request.Body is not { } body)
        {
            return new Authorized(admitted, effective, Operation.None, body: null);
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

        if (operation.Method is { } method)
        {
            request.Record.Method = method;
        }

        request.Record.Operation = operation.Name;
        if (admitted.Server.Operations.Rules.AreMistakable(operation))
        {
            return BodyRefusal.UriForm;
        }

        if (admitted.Server.Operations.Rules.LacksName(operation))
        {
            return BodyRefusal.NameMissing;
        }

        var parameters = PolicyParameters.None;
        if (admitted.Server.Operations.Policy is { } policy)
        {
            parameters = policy.Read(operation, body.Memory, out var fault);
            if (fault is not null)
            {
                return fault;
            }
        }

        return McpHeaders.Agree(context.Request.Headers, operation, admitted.Server.Transport)
            ? new Authorized(admitted, effective, operation, body) { PolicyParameters = parameters }
            : Refusal.HeaderMismatch;
    }

    /// <summary>Applies the server's rules to the operation; on success the outbound scopes are known.</summary>
    private Refused? CheckRules()
    {
        var policy = Server.Operations;
        var verdict = policy.Rules.Of(Operation);
        if (verdict.Denied)
        {
            return Refusal.OperationDenied;
        }

        // What could not be shown to the user, or could be read in two ways, cannot be approved.
        if (verdict.Approval && (Approval = Approval.Of(Server.Resource, Operation, Body!.Memory)) is null)
        {
            return Refusal.BodyNotApprovable;
        }

        var effective = EffectiveScopes;
        if (!verdict.Scopes.IsSubsetOf(effective))
        {
            return Lacking(verdict.Scopes, effective);
        }

        OutboundScopes = policy.Scopes.Outbound(policy.NarrowToOperation ? verdict.Scopes : effective);
        return null;
    }

    /// <summary>The client is told all scopes that it needs, the operator those that it lacks.</summary>
    private static Refused Lacking(ScopeSet needed, ScopeSet effective) => new(Refusal.InsufficientScope, needed.Except(effective).ToString(), needed);

    /// <summary>Whether the token is bound to this call, where it must be.</summary>
    private Refused? CheckCall(string verb)
    {
        Verb = verb;
        return Server.Operations.Calls is { } calls ? BoundCalls.Refusal(calls, Admitted.Token, Operation, verb, Body is { } body ? body.Bytes : default) : null;
    }

    /// <summary>Whether the token holds the approval of this call, where one is needed, and none that nobody asked for.</summary>
    private Refused? CheckApproval(RequestRecord record)
    {
        if (Server.Operations.Calls is not { HasApprovals: true } calls)
        {
            return null;
        }

        if (Approval is null)
        {
            return calls.WouldHandOnApproval(Admitted.Token) ? new Refused(Refusal.ClaimRefused, Approval.Type) : null;
        }

        if ((ApprovedBy = Approval.In(Admitted.Token, calls.Approvals)) is { } approved)
        {
            record.Approval = Approval.DigestOf(approved.Identifier);
            return null;
        }

        var refused = Approval.Ask(Admitted.Token, calls.Approvals, out var asked);
        record.Approval = Approval.DigestOf(asked);
        return refused;
    }

    /// <summary>Opens the session that the client presents, if it is its own.</summary>
    private Refused? CheckSession(HttpContext context)
    {
        var server = Server;
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

            if (context.Request.Method != "GET" && SseEndpoint.IsBoundAsAWhole(context.Request, server, Admitted.Token, out var whole))
            {
                Session = whole;
                return whole is { } own && server.Sessions.Destinations.ContainsKey(own.Destination) ? null : Refusal.SessionNotYours;
            }
        }
        else
        {
            presented = context.Request.Headers[SessionPolicy.Header];
            optional = McpHeaders.IsModern(context.Request.Headers, Operation);
            if (presented.Count == 0 || (optional && McpHeaders.IsKnown(context.Request.Headers, Operation)))
            {
                return null;
            }
        }

        BoundSession session = default;
        if (presented.Count != 1 || !server.Sessions.Binding.TryUnwrap(presented[0]!, server.Resource, Admitted.Token, out session) || !server.Sessions.Destinations.ContainsKey(session.Destination))
        {
            return optional ? null : session.Destination == SseEndpoint.Nowhere ? Refusal.EndpointOutside : Refusal.SessionNotYours;
        }

        Session = session;
        return null;
    }

    private static async ValueTask<(RequestBody? Body, Refused? Unreadable)> ReadAsync(HttpContext context, GatewayRequest request, McpServer server)
    {
        try
        {
            var reading = RequestBody.ReadAsync(context.Request, request, server.Operations.MaxRequestBody, context.RequestAborted);
            var (body, beyond) = await (reading.IsCompleted ? reading : InTimeAsync(reading, context, server.Operations.RequestBodyTimeout, request.Clock));
            return (body, body is not null ? null : beyond == BodyBound.Own ? Refusal.BodyTooLarge : Refusal.OverloadedByBodies);
        }
        catch (BadHttpRequestException exception)
        {
            return (null, exception.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => Refusal.BodyTooLarge,
                StatusCodes.Status408RequestTimeout => Refusal.BodyTooSlow,
                _ => BodyRefusal.Broken,
            });
        }
        catch (OperationCanceledException exception)
        {
            // Nothing of the body was wrong: there is nobody any more to send it, whether or not the request knows yet.
            throw new ConnectionResetException("The client left while it sent its body.", exception);
        }
    }

    /// <summary>The body, if it is whole in time: however steadily it trickles, and whatever rate is enough for the connection.</summary>
    private static async ValueTask<T> InTimeAsync<T>(ValueTask<T> reading, HttpContext context, TimeSpan timeout, TimeProvider clock)
    {
        var late = false;
        await using var deadline = clock.CreateTimer(
            _ =>
            {
                Volatile.Write(ref late, true);
                InboundBody.CancelRead(context.Request);
            },
            null,
            timeout,
            Timeout.InfiniteTimeSpan);
        try
        {
            return await reading;
        }
        catch (OperationCanceledException) when (Volatile.Read(ref late) && !context.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The body was not whole in time.", StatusCodes.Status408RequestTimeout);
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
