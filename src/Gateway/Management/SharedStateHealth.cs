using System.Collections.Immutable;
using Gateway.Revoke.Shared;

namespace Gateway.Management;

/// <summary>The shared state's health.</summary>
/// <param name="Complete">Whether all of it was read once.</param>
/// <param name="Staleness">How long ago it was heard of.</param>
/// <param name="Eviction">What its server does when its memory is full; null when it does not say.</param>
/// <param name="Pending">Revocations that are in force here and yet to be written.</param>
/// <param name="Revocations">Revocations that are in force here.</param>
internal sealed record SharedStateHealth(bool Complete, TimeSpan Staleness, string? Eviction, int Pending, int Revocations)
{
    /// <summary>Where it is.</summary>
    public ImmutableArray<string> Endpoints { get; init; } = [];

    /// <summary>Why it could not be asked the last time; null when it could.</summary>
    public StateTrouble? Trouble { get; init; }

    /// <summary>Whether it was not heard of for longer than it should be.</summary>
    public bool Old { get; init; }

    /// <summary>Whether its server may forget what it holds.</summary>
    public bool MayForget { get; init; }

    /// <summary>Entries that nobody with a key has made.</summary>
    public long Ignored { get; init; }
}
