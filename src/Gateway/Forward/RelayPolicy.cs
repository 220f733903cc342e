using System.Collections.Frozen;

namespace Gateway.Forward;

/// <summary>What passes between clients and one MCP server, and for how long.</summary>
internal sealed class RelayPolicy
{
    /// <summary>Names of further request headers to pass on.</summary>
    public required FrozenSet<string> ForwardHeaders { get; init; }

    /// <summary>Whether lists show a caller only what its rules allow.</summary>
    public required bool FilterLists { get; init; }

    /// <summary>Whether destinations are Unix sockets, whose addresses are no host's.</summary>
    public required bool OnSockets { get; init; }

    /// <summary>How long an answer may be silent.</summary>
    public required TimeSpan StreamIdleTimeout { get; init; }

    /// <summary>The longest that the answer to one request may take.</summary>
    public required TimeSpan MaxResponseDuration { get; init; }

    /// <summary>Proves to the MCP server that hop tokens are ours; null where they are bearer tokens.</summary>
    public required OutboundProof? Proof { get; init; }

    /// <summary>The destinations' URLs by their addresses, ready to be sent to.</summary>
    public required FrozenDictionary<string, Uri> DestinationUrls { get; init; }
}
