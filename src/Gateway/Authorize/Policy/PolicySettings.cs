using System.Collections.Immutable;

namespace Gateway.Authorize.Policy;

/// <summary>What a decision point is told about the operations of one server, and what it is asked about.</summary>
internal sealed class PolicySettings
{
    /// <summary>The server's id in the configuration.</summary>
    public required string Server { get; init; }

    /// <summary>The server's resource identifier.</summary>
    public required string Resource { get; init; }

    /// <summary>Whether subjects are named so that no two issuers' are equal.</summary>
    public required bool QualifiedSubject { get; init; }

    /// <summary>The claims that are told.</summary>
    public required ImmutableArray<string> Claims { get; init; }

    /// <summary>Whether the arguments of a call are told.</summary>
    public required bool Arguments { get; init; }

    /// <summary>Whether lists are judged, entry by entry.</summary>
    public required bool FilterLists { get; init; }
}
