using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Calls;
using TokenExchange.Inbound.Proof;

namespace Gateway.Authorize.Calls;

/// <summary>What one server asks of tokens beyond scopes: that they are for this very call. Null where it asks nothing of the kind.</summary>
internal sealed class CallPolicy
{
    /// <summary>Whether a token must be bound to its call (<c>RequireCallBinding</c>).</summary>
    public required bool RequiresBinding { get; init; }

    /// <summary>Whether any rule asks for an approval.</summary>
    public required bool HasApprovals { get; init; }

    /// <summary>Whether what a token says goes on to somebody else, so that an approval that no rule took must not.</summary>
    public required bool HandsOn { get; init; }

    /// <summary>Where a call may say that it counts: the identifiers of this server.</summary>
    public required ImmutableArray<string> Locations { get; init; }

    /// <summary>Makes and knows the identifiers of approvals.</summary>
    public required ApprovalIds Approvals { get; init; }

    /// <summary>Remembers which tokens and approvals were used.</summary>
    public required IUsedIds Used { get; init; }

    /// <summary>Whether a call that needs no approval would hand on one that the token holds.</summary>
    public bool WouldHandOnApproval(ValidatedToken token) => HasApprovals && HandsOn && token.TryFindDetail(Approval.Type, out _, out _);

    /// <summary>The types of authorization details that speak to this server alone.</summary>
    public ImmutableArray<string> DetailsAside => Aside(RequiresBinding, HasApprovals);

    /// <summary>The same, from what is configured.</summary>
    public static ImmutableArray<string> Aside(bool requiresBinding, bool hasApprovals) =>
        [.. requiresBinding ? [CallBinding.Type] : (ReadOnlySpan<string>)[], .. hasApprovals ? [Approval.Type] : (ReadOnlySpan<string>)[]];
}
