using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Load;

/// <summary>
/// A call that a contender answers before it is measured: one that refuses, or that leaves out what it is measured for, costs
/// little, and its figure would say nothing.
/// </summary>
/// <param name="Token">The token that the call brings; null: none.</param>
internal sealed record Probe(string? Token)
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    public string Path { get; init; } = "/weather";

    public string Body { get; init; } = Wrk.Call;

    /// <summary>A proof of its sender, which the token is bound to; null: a bearer token.</summary>
    public string? Proof { get; init; }

    /// <summary>The version of HTTP that it is asked and answered in, and no other.</summary>
    public Version Version { get; init; } = HttpVersion.Version11;

    /// <summary>Throws unless each answers with 200 and this body.</summary>
    public async Task AnswersAsync(IEnumerable<PeerProcess> peers, string expected = Backend.Answer)
    {
        foreach (var peer in peers)
        {
            Require(await BodyAsync(peer) == expected, peer, $"answers {Path} with what the MCP server said");
        }
    }

    /// <summary>Throws unless it is refused with this status.</summary>
    public async Task IsRefusedAsync(PeerProcess peer, HttpStatusCode status, string why)
    {
        using var response = await SendAsync(peer);
        Require(response.StatusCode == status, peer, $"refuses {why} with {(int)status}, and not with {(int)response.StatusCode}");
    }

    /// <summary>The body of the answer. Throws unless that is a 200.</summary>
    public async Task<string> BodyAsync(PeerProcess peer)
    {
        using var response = await SendAsync(peer);
        var body = await response.Content.ReadAsStringAsync();
        Require(response.StatusCode == HttpStatusCode.OK, peer, $"answers {Path} with 200, and not with {(int)response.StatusCode}: {body}");
        return body;
    }

    /// <summary>What the MCP server saw of a call: <c>protocol</c>, <c>scheme</c>, <c>proof</c>, and the <c>claims</c> of the token.</summary>
    public async Task<JsonNode> SeenAsync(PeerProcess peer) => JsonNode.Parse(await (this with { Path = Path + Backend.Seen }).BodyAsync(peer))!["result"]!;

    /// <summary>Throws when it is not so.</summary>
    public static void Require(bool fact, PeerProcess peer, string fulfilled)
    {
        if (!fact)
        {
            throw new InvalidOperationException($"{peer.Name} is not measured: it was to be one that {fulfilled}.");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(PeerProcess peer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, peer.Url + Path) { Version = Version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Content = new StringContent(Body, Encoding.ASCII, new MediaTypeHeaderValue("application/json"));
        if (Token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(Proof is null ? "Bearer" : "DPoP", Token);
        }

        if (Proof is not null)
        {
            request.Headers.Add("DPoP", Proof);
        }

        try
        {
            return await Client.SendAsync(request);
        }
        catch (HttpRequestException failure)
        {
            throw new InvalidOperationException($"{peer.Name} gave no answer: {failure.Message}", failure);
        }
    }
}
