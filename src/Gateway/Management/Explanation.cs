using System.Collections.Immutable;

namespace Gateway.Management;

/// <summary>Why a token is refused at a server, or that it would pass.</summary>
/// <param name="Passes">Whether the token would be admitted.</param>
/// <param name="Reason">The reason of the contract; null when it passes.</param>
/// <param name="Text">One sentence: what is wrong and what would be right.</param>
/// <param name="Steps">The checks in their order, up to the one that refused.</param>
/// <param name="PresentedAudiences">The token's audiences; null unless its signature was verified.</param>
/// <param name="AcceptedAudiences">The audiences that identify the server.</param>
internal sealed record Explanation(
    bool Passes,
    string? Reason,
    string Text,
    ImmutableArray<ExplanationStep> Steps,
    ImmutableArray<string>? PresentedAudiences,
    ImmutableArray<string> AcceptedAudiences)
{
    /// <summary>What the policy decision point was asked, as JSON; null where it was not.</summary>
    public string? Question { get; init; }
}

/// <summary>One check by name, and whether the token passed it.</summary>
internal sealed record ExplanationStep(string Check, bool Passed);
