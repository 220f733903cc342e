using Deputy.Wire;

namespace Deputy.Peers;

/// <summary>An address that only an attacker names: whoever calls it has followed a token's or a stranger's word.</summary>
internal sealed class Canary : IAsyncDisposable
{
    private readonly HttpPeer peer;
    private readonly Recorder recorder = new();

    public Canary()
    {
        peer = new HttpPeer(async (request, reply) =>
        {
            recorder.Add(request, Marker.AllIn(request.Whole));
            await reply.SendAsync(200, """{"keys":[]}""");
        });
        peer.Open();
    }

    public string Url => peer.Url;

    public IReadOnlyList<ReceivedRequest> Of(string marker) => recorder.Of(marker);

    public ValueTask DisposeAsync() => peer.DisposeAsync();
}
