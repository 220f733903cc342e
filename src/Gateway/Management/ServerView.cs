using System.Collections.Immutable;
using Gateway.Observe.Traffic;

namespace Gateway.Management;

/// <summary>One server, as the page shows it.</summary>
internal sealed record ServerView(
    string Id,
    string Path,
    string Resource,
    ImmutableArray<string> AcceptedAudiences,
    string Mode,
    ImmutableArray<string> OutboundAudiences,
    ImmutableArray<DestinationHealth> Destinations)
{
    /// <summary>What became of its requests.</summary>
    public TrafficView Traffic { get; init; } = TrafficView.None;
}

/// <summary>One destination and whether YARP sends to it.</summary>
internal sealed record DestinationHealth(string Address, bool Available);
