using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Calls;
using Gateway.Authorize.Policy;
using Gateway.Sessions;
using TokenExchange.Inbound;

namespace Gateway.Authorize;

/// <summary>
/// What is asked, by somebody who may. Made by the second stage alone, which looks at body, operation, scope, session and policy,
/// and refuses whatever the gateway and the MCP server could read as two different operations.
/// </summary>
internal sealed class Authorized
{
    private const int LargeBody = 16 * 1024;

    private readonly Asked asked;
    private readonly Permitted permitted;

    private Authorized(Admitted admitted, in Asked asked, in Permitted permitted, BoundSession? session, HeldApproval? approvedBy)
    {
        this.asked = asked;
        this.permitted = permitted;
        Admitted = admitted;
        Session = session;
        ApprovedBy = approvedBy;
    }

    public Admitted Admitted { get; }

    public McpServer Server => Admitted.Server;

    /// <inheritdoc cref="Asked"/>
    public Operation Operation => asked.Operation;

    /// <inheritdoc cref="Asked"/>
    public RequestBody? Body => asked.Body;

    /// <inheritdoc cref="Asked"/>
    public PolicyParameters PolicyParameters => asked.PolicyParameters;

    /// <inheritdoc cref="Asked"/>
    public string Verb => asked.Verb;

    /// <inheritdoc cref="Permitted"/>
    public ScopeSet EffectiveScopes => permitted.EffectiveScopes;

    /// <inheritdoc cref="Permitted"/>
    public ScopeSet OutboundScopes => permitted.OutboundScopes;

    /// <inheritdoc cref="Permitted"/>
    public Approval? Approval => permitted.Approval;

    /// <summary>The approval that the token holds; taken at the last gate.</summary>
    public HeldApproval? ApprovedBy { get; }

    /// <summary>The session that the client presented and that is its own.</summary>
    public BoundSession? Session { get; }

    /// <summary>Reads what is asked, in the body that was read, and checks that the caller may.</summary>
    public static async ValueTask<Decision<Authorized>> AuthorizeAsync(HttpContext context, GatewayRequest request, Admitted admitted)
    {
        if (request.Body?.Length > LargeBody)
        {
            // Reading it takes a while, and this thread may have been lent by the sockets of others.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        var server = admitted.Server;
        Refused? refused;
        if ((refused = Asked.Read(context.Request, request, server, out var asked)) is not null
            || (refused = await SenderProof.RedeemAsync(request, admitted, asked.Message, context.RequestAborted)) is not null
            || (refused = OperationCheck.Operation(admitted, asked, out var permitted)) is not null
            || (refused = BoundCalls.Refusal(server.Operations.Calls, admitted.Token, asked.Operation, asked.Verb, asked.Message.Span)) is not null
            || (refused = PresentedSession.Refusal(context.Request, admitted, asked.Operation, out var session)) is not null
            || (refused = ApprovalCheck.Refusal(admitted, permitted.Approval, request.Record, out var approvedBy)) is not null)
        {
            return refused;
        }

        var authorized = new Authorized(admitted, asked, permitted, session, approvedBy);
        return server.Operations.Policy is { } policy && await policy.RefusalAsync(request, authorized, context.RequestAborted) is { } denied
            ? denied
            : authorized;
    }
}
