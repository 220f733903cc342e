using System.Diagnostics;
using Gateway.Advertise;
using Gateway.Authenticate;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Calls;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace Gateway.Authorize.Calls;

/// <summary>
/// Takes what is good for one call alone, at the last gate and once per request: the token that is bound to it, and the
/// approval. What is refused before keeps both.
/// </summary>
internal static class CallUse
{
    /// <summary>Null when the request may go on.</summary>
    public static ValueTask<Refused?> TakeAsync(Authorized authorized, Standing standing, CancellationToken cancellationToken) =>
        authorized.Server.Operations.Calls is { } policy ? TakeAsync(policy, authorized, standing, cancellationToken) : default;

    private static async ValueTask<Refused?> TakeAsync(CallPolicy policy, Authorized authorized, Standing standing, CancellationToken cancellationToken)
    {
        var token = authorized.Admitted.Token;
        if (standing.RefusalOf(token) is { } fallen)
        {
            // While policy and authorization server were asked: it will not be sent, and uses nothing up.
            return fallen;
        }

        if (policy.RequiresBinding && await policy.Used.TryTakeAsync(CallBinding.UseOf(token), cancellationToken) is var used and not IdUse.Taken)
        {
            return RefusalOf(used, Refusal.TokenReplayed);
        }

        // By its own value: another token that holds the same approval has none.
        return authorized.ApprovedBy is { } approval && await policy.Used.TryTakeAsync(UseOf(token, approval.Identifier, approval.End), cancellationToken) is var taken and not IdUse.Taken
            ? RefusalOf(taken, authorized.Approval!.Ask(token, policy.Approvals, out _))
            : null;
    }

    private static UsedId UseOf(ValidatedToken token, string approval, DateTimeOffset end) =>
        UsedId.Of("approval", token, TokenDigest.Of($"approval:0:{approval}"), end);

    private static Refused RefusalOf(IdUse use, Refused seen) => use switch
    {
        IdUse.Seen => seen,
        IdUse.Full => Refusal.OverloadedBy("used_ids"),
        IdUse.Unavailable => Refusal.StateUnavailableOf("used_ids"),
        _ => throw new UnreachableException(),
    };
}
