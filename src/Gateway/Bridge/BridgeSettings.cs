namespace Gateway.Bridge;

/// <summary>What <c>bridge</c> was told.</summary>
internal sealed record BridgeSettings
{
    public required BridgeAddress Address { get; init; }

    public required ChildCommand Command { get; init; }

    /// <summary>How long a session may be without an open request, an open stream and a message.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(15);

    public int MaxProcesses { get; init; } = 16;

    /// <summary>Whether one process serves all requests of revisions without sessions.</summary>
    public bool Shared { get; init; }
}
