using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize.Calls;
using TokenExchange.Inbound;

namespace Gateway.Authorize;

/// <summary>What the rules of a server let its caller do.</summary>
/// <param name="EffectiveScopes">The scopes that count for the caller, closed under implication.</param>
/// <param name="OutboundScopes">The scopes to ask for outbound.</param>
/// <param name="Approval">What approves this call, where a rule asks for it; null elsewhere.</param>
internal readonly record struct Permitted(ScopeSet EffectiveScopes, ScopeSet OutboundScopes, Approval? Approval);

/// <summary>Applies a server's rules to an operation: refuses what is denied, and callers who lack a scope for it.</summary>
internal static class OperationCheck
{
    /// <summary>The refusal of a caller who lacks what every request here needs.</summary>
    public static Refused? RequiredScopes(Admitted admitted)
    {
        var policy = admitted.Server.Operations;
        var effective = policy.Scopes.Effective(admitted.Token.Scopes);
        return policy.Rules.Required.IsSubsetOf(effective) ? null : Lacking(policy.Rules.Required, effective);
    }

    /// <summary>Null when the operation is allowed; then <paramref name="permitted"/> says with what.</summary>
    public static Refused? Operation(Admitted admitted, in Asked asked, out Permitted permitted)
    {
        permitted = default;
        var policy = admitted.Server.Operations;
        var verdict = policy.Rules.Of(asked.Operation);
        if (verdict.Denied)
        {
            return Refusal.OperationDenied;
        }

        // What could not be shown to the user, or could be read in two ways, cannot be approved.
        Approval? approval = null;
        if (verdict.Approval && (approval = Approval.Of(admitted.Server.Resource, asked.Operation, asked.Message)) is null)
        {
            return Refusal.BodyNotApprovable;
        }

        var effective = policy.Scopes.Effective(admitted.Token.Scopes);
        if (!verdict.Scopes.IsSubsetOf(effective))
        {
            return Lacking(verdict.Scopes, effective);
        }

        permitted = new Permitted(effective, policy.OutboundScopes(effective, verdict), approval);
        return null;
    }

    /// <summary>The client is told all scopes that it needs, the operator those that it lacks.</summary>
    private static Refused Lacking(ScopeSet needed, ScopeSet effective) => new(Refusal.InsufficientScope, needed.Except(effective).ToString(), needed);
}
