using System.Text;
using Gateway.Advertise;
using Gateway.Authorize;
using Gateway.Authorize.Calls;
using Gateway.Authorize.Policy;
using TokenExchange.Inbound;

namespace Gateway.Management;

/// <summary>
/// What becomes of a call once its token is accepted, by the checks of a request in their order: the message, the operation,
/// its scopes, the token's binding to the call, its approval, the policy. The decision point is asked; nothing else is, and nothing is sent.
/// </summary>
internal static class ExplainedCall
{
    public static async ValueTask<Explanation> JudgeAsync(McpServer server, ValidatedToken token, ReadOnlyMemory<byte> body, Explanation before, CancellationToken cancellation)
    {
        var policy = server.Operations;
        var operation = OperationReader.Read(body.Span, out var unreadable, out _);
        var parameters = PolicyParameters.None;
        var fault = operation is null ? unreadable : policy.Rules.AreMistakable(operation) ? BodyRefusal.UriForm : policy.Rules.LacksName(operation) ? BodyRefusal.NameMissing : null;
        if (operation is not null && fault is null && policy.Policy is { } judge)
        {
            parameters = judge.Read(operation, body, out fault);
        }

        if (operation is null || fault is not null)
        {
            return Fail(before, "message", fault!, "Correct the body; the check says which rule of JSON-RPC or MCP it breaks.");
        }

        var after = Pass(before, "message");
        var what = operation.Method is null ? "the message" : operation.Name is { } name ? $"{operation.Method} of '{name}'" : operation.Method;
        var verdict = policy.Rules.Of(operation);
        if (verdict.Denied)
        {
            return Fail(after, "operation", Refusal.OperationDenied, $"A rule of Operations denies {what}, or OtherOperations denies what no rule names; change the rules if it should pass.");
        }

        after = Pass(after, "operation");
        Approval? approval = null;
        if (verdict.Approval && (approval = Approval.Of(server.Resource, operation, body)) is null)
        {
            return Fail(after, "approval", Refusal.BodyNotApprovable, "The authorization server could not show them to the user.");
        }

        var lacking = verdict.Scopes.Except(policy.Scopes.Effective(token.Scopes));
        if (lacking.Count > 0)
        {
            return Fail(after, "scopes of the operation", Refusal.InsufficientScope, Explaining.ScopesLacking(token.Scopes, verdict.Scopes, lacking));
        }

        after = Pass(after, "scopes of the operation");
        if (policy.Calls is { } calls && BoundCalls.Refusal(calls, token, operation, "POST", body.Span) is { } unbound)
        {
            return Fail(after, "call binding", unbound.Kind, "The token must hold one mcp_call of exactly this call (RequireCallBinding); the gateway in front needs BindCall.");
        }

        if (policy.Calls is { HasApprovals: true } approving)
        {
            if (approval is null && approving.WouldHandOnApproval(token))
            {
                return Fail(after, "approval", Refusal.ClaimRefused, $"It holds an {Approval.Type}, and {what} needs none: it must not be handed on; use a token without.");
            }

            if (approval is not null && approval.In(token, approving.Approvals) is null)
            {
                return Fail(after, "approval", Refusal.ApprovalRequired, token.TryFindDetail(Approval.Type, out _, out _)
                    ? "What the token holds is no approval of this very call by this user and client, or over 10 minutes old; or its identifier is of another process, where SessionKeyFile is not set or cannot be read here."
                    : $"The token holds no {Approval.Type}: the client has to ask its authorization server for the authorization_details of the refusal.");
            }

            after = Pass(after, "approval");
        }

        return policy.Policy is { } check ? await AskAsync(check, token, operation, parameters, after, what, cancellation) : after with { Text = $"{after.Text} {Sentence(what)} may be asked for." };
    }

    private static async ValueTask<Explanation> AskAsync(PolicyCheck check, ValidatedToken token, Operation operation, PolicyParameters parameters, Explanation after, string what, CancellationToken cancellation)
    {
        if (!PolicyQuestion.IsNeeded(operation))
        {
            return after with { Text = $"{after.Text} The policy is not asked about {what}." };
        }

        if (PolicyQuestion.Of(operation) is not { } question)
        {
            return Fail(after, "policy", Refusal.PolicyDenied, $"No policy can be asked about {what}: the method is none of those that the mapping for MCP knows, or what it is applied to is missing.");
        }

        var message = PolicyMessage.Evaluation(check.Settings, token, question, parameters);
        var decision = await check.DecideAsync(token, message, "explain", cancellation);
        after = after with { Question = Encoding.UTF8.GetString(message.Span) };
        return decision.Outcome switch
        {
            PolicyOutcome.Allowed => Pass(after, "policy") with { Text = $"{after.Text} The policy allows {what}." },
            PolicyOutcome.Denied => Fail(after, "policy", Refusal.PolicyDenied, $"The decision point denies {what}{(decision.Id is null ? "" : $", decision {decision.Id}")}{(decision.Why is null ? "" : $": {decision.Why}")}; the policy is the place to change it."),
            _ => Fail(after, "policy", Refusal.PolicyUnavailable, $"The decision point at {check.Point.Settings.Url} gave no decision ({decision.Why}): {Observe.Remedies.For(decision.Why)}."),
        };
    }

    private static Explanation Pass(Explanation before, string check) => before with { Steps = before.Steps.Add(new(check, true)) };

    private static Explanation Fail(Explanation before, string check, Refusal refusal, string hint) =>
        before with { Passes = false, Reason = refusal.Reason, Text = $"{refusal.Description} {hint}", Steps = before.Steps.Add(new(check, false)) };

    private static string Sentence(string what) => char.ToUpperInvariant(what[0]) + what[1..];
}
