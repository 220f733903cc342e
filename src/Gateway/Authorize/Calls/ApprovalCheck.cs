using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Observe;

namespace Gateway.Authorize.Calls;

/// <summary>Refuses a call that its user has not approved, where a rule asks for it, and an approval that no rule asked for.</summary>
internal static class ApprovalCheck
{
    /// <summary>Null when the call may go on; then <paramref name="held"/> is the approval to take for it, if it needs one.</summary>
    public static Refused? Refusal(Admitted admitted, Approval? needed, RequestRecord record, out HeldApproval? held)
    {
        held = null;
        var token = admitted.Token;
        if (admitted.Server.Operations.Calls is not { HasApprovals: true } calls)
        {
            return null;
        }

        if (needed is null)
        {
            return calls.WouldHandOnApproval(token) ? new Refused(Advertise.Refusal.ClaimRefused, Approval.Type) : null;
        }

        held = needed.In(token, calls.Approvals);
        if (held is { } approved)
        {
            record.Approval = Approval.DigestOf(approved.Identifier);
            return null;
        }

        var refused = needed.Ask(token, calls.Approvals, out var asked);
        record.Approval = Approval.DigestOf(asked);
        return refused;
    }
}
