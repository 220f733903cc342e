using System.Collections.Concurrent;
using Deputy.Wire;

namespace Deputy.Peers;

/// <summary>What one peer saw, by the markers in it.</summary>
internal sealed class Recorder
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<ReceivedRequest>> byMarker = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<ReceivedRequest> all = new();

    public IReadOnlyList<ReceivedRequest> All => [.. all];

    public void Add(ReceivedRequest request, params IEnumerable<string> markers)
    {
        all.Enqueue(request);
        foreach (var marker in markers.Distinct())
        {
            byMarker.GetOrAdd(marker, _ => new ConcurrentQueue<ReceivedRequest>()).Enqueue(request);
        }
    }

    public IReadOnlyList<ReceivedRequest> Of(string marker) => byMarker.TryGetValue(marker, out var queue) ? [.. queue] : [];
}
