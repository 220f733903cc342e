using System.Collections.Immutable;

namespace Gateway.Observe.Traffic;

/// <summary>One moment of a server's traffic.</summary>
internal sealed record TrafficView
{
    /// <summary>A server that nobody has asked yet.</summary>
    public static TrafficView None { get; } = new();

    /// <summary>Requests that were sent to the MCP server, since the start.</summary>
    public long Allowed { get; init; }

    /// <summary>Requests that were not, since the start.</summary>
    public long Refused { get; init; }

    /// <summary>Streams that are open now.</summary>
    public long Streams { get; init; }

    /// <summary>When a request was answered well for the last time.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>What the MCP server answered since the start, by status; 0 stands for what is none.</summary>
    public ImmutableArray<(int Status, long Count)> Answers { get; init; } = [];

    /// <summary>The last minutes in sum.</summary>
    public TrafficMinute Window { get; init; } = new();

    /// <summary>Requests sent and refused in each of the last sixty minutes, the current one last.</summary>
    public ImmutableArray<(int Allowed, int Refused)> History { get; init; } = [];
}
