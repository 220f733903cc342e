using System.Collections.Concurrent;
using Deputy.Wire;

namespace Deputy.Peers;

/// <summary>A policy decision point (OpenID AuthZEN): lets everybody pass but the subjects of a case.</summary>
internal sealed class PolicyPoint : IAsyncDisposable
{
    private readonly HttpPeer peer;
    private readonly Recorder recorder = new();
    private readonly ConcurrentDictionary<string, Func<ReceivedRequest, Reply, Task>> behaviours = new(StringComparer.Ordinal);

    public PolicyPoint()
    {
        peer = new HttpPeer(async (request, reply) =>
        {
            var marker = Marker.In(request.Text);
            recorder.Add(request, marker is null ? [] : [marker]);
            await (marker is not null && behaviours.TryGetValue(marker, out var behaviour) ? behaviour(request, reply) : reply.SendAsync(200, """{"decision":true}"""));
        });
        peer.Open();
    }

    public string Url => peer.Url;

    public void Behave(string marker, Func<ReceivedRequest, Reply, Task> behaviour) => behaviours[marker] = behaviour;

    public IReadOnlyList<ReceivedRequest> Of(string marker) => recorder.Of(marker);

    public ValueTask DisposeAsync() => peer.DisposeAsync();
}
