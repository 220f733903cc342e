using System.Diagnostics;
using Gateway.Advertise;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;

namespace Gateway.Authorize.Calls;

/// <summary>
/// Takes what is good for one call alone, at the last gate and once per request: the token that is bound to it, and the
/// approval. What is refused before keeps both.
/// </summary>
internal static class CallUse
{
    private static readonly TimeSpan ComeBack = TimeSpan.FromSeconds(5);

    // A token is refused this long after its end at the latest, whatever an authorization server's clock says.
    private static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(5);

    /// <summary>Null when the request may go on.</summary>
    public static ValueTask<Refused?> TakeAsync(Authorized authorized, CancellationToken cancellationToken) =>
        authorized.Server.Operations.Calls is { } policy ? TakeAsync(policy, authorized, cancellationToken) : default;

    private static async ValueTask<Refused?> TakeAsync(CallPolicy policy, Authorized authorized, CancellationToken cancellationToken)
    {
        var token = authorized.Admitted.Token;
        if (policy.RequiresBinding && await UseAsync("call-token", token.Issuer, token.TokenId!, token.ExpiresAt + MostSkew) is var used and not IdUse.Taken)
        {
            return RefusalOf(used, Refusal.TokenReplayed);
        }

        // By its own value: another token that holds the same approval has none.
        return authorized.ApprovedBy is { } approval && await UseAsync("approval", "", approval.Identifier, approval.End) is var taken and not IdUse.Taken
            ? RefusalOf(taken, authorized.Approval!.Ask(token, policy.Approvals, out _))
            : null;

        ValueTask<IdUse> UseAsync(string purpose, string of, string id, DateTimeOffset until) => policy.Used.TryTakeAsync(
            new UsedId(purpose, TokenDigest.Of($"{token.Issuer.Length}:{token.Issuer}{token.Subject}"), TokenDigest.Of($"{purpose}:{of.Length}:{of}{id}"), until), cancellationToken);
    }

    private static Refused RefusalOf(IdUse use, Refused seen) => use switch
    {
        IdUse.Seen => seen,
        IdUse.Full => new Refused(Refusal.Overloaded, "used_ids", RetryAfter: ComeBack),
        IdUse.Unavailable => new Refused(Refusal.StateUnavailable, "used_ids", RetryAfter: ComeBack),
        _ => throw new UnreachableException(),
    };
}
