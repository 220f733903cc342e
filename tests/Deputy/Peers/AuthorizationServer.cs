using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Peers;

/// <summary>
/// Issuer and authorization server in one: metadata, keys, exchange (RFC 8693), introspection (RFC 7662). Honest to everybody
/// but to the subjects of a case, to whom it is as evil as the case says.
/// </summary>
internal sealed class AuthorizationServer : IAsyncDisposable
{
    public const string ClientId = "mcp-gateway";
    public const string ClientSecret = "deputy-client-secret-3f1c";

    private readonly HttpPeer peer;
    private readonly Recorder exchanges = new();
    private readonly Recorder introspections = new();
    private readonly ConcurrentQueue<ReceivedRequest> documents = new();
    private readonly ConcurrentDictionary<string, Func<Exchange, Reply, Task>> evil = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<ReceivedRequest, Reply, Task>> inspectors = new(StringComparer.Ordinal);

    public AuthorizationServer(string name, Key key, TimeProvider clock)
    {
        (Name, Key, Clock) = (name, key, clock);
        Unfit = new Dictionary<string, Key>
        {
            ["encryption"] = Key.Create("ES256", name + "-encryption"),
            ["operations"] = Key.Create("ES256", name + "-operations"),
            ["algorithm"] = Key.Create("ES256", name + "-algorithm"),
            ["weak"] = Key.Create("RS256", name + "-weak", rsaBits: 1024),
        };
        Published = [key.Jwk(), .. Unfit.Select(unfit => UnfitJwk(unfit.Key, unfit.Value))];
        peer = new HttpPeer(AnswerAsync);
        peer.Open();
    }

    public string Name { get; }

    public Key Key { get; }

    /// <summary>Further keys that it takes for its own.</summary>
    public ConcurrentBag<Key> Further { get; } = [];

    /// <summary>Keys that are published, but fit to verify nothing.</summary>
    public IReadOnlyDictionary<string, Key> Unfit { get; }

    public TimeProvider Clock { get; }

    public string Issuer => peer.Url;

    public HttpPeer Peer => peer;

    /// <summary>The key set as it is published now.</summary>
    public IReadOnlyList<JsonObject> Published { get; set; }

    /// <summary>Answers every exchange, of whomever, so; null: honestly.</summary>
    public Func<Exchange, Reply, Task>? Everybody { get; set; }

    /// <summary>Answers requests for documents so; null: with the documents.</summary>
    public Func<ReceivedRequest, Reply, Task>? Documents { get; set; }

    public IReadOnlyList<ReceivedRequest> Exchanges => exchanges.All;

    /// <summary>How often the key set was asked for.</summary>
    public int KeyFetches => documents.Count(request => request.Target == "/jwks");

    public string Jwks => new JsonObject { ["keys"] = new JsonArray([.. Published.Select(key => key.DeepClone())]) }.ToJsonString();

    /// <summary>Answers exchanges for subjects with this marker so.</summary>
    public void Behave(string marker, Func<Exchange, Reply, Task> behaviour) => evil[marker] = behaviour;

    public void Inspect(string marker, Func<ReceivedRequest, Reply, Task> behaviour) => inspectors[marker] = behaviour;

    /// <summary>The exchanges asked for a subject with this marker.</summary>
    public IReadOnlyList<ReceivedRequest> Of(string marker) => exchanges.Of(marker);

    /// <summary>Everything asked about tokens of this marker.</summary>
    public IReadOnlyList<ReceivedRequest> Asked(string marker) => [.. exchanges.Of(marker), .. introspections.Of(marker)];

    public async ValueTask DisposeAsync() => await peer.DisposeAsync();

    private static JsonObject UnfitJwk(string kind, Key key)
    {
        var jwk = key.Jwk();
        switch (kind)
        {
            case "encryption":
                jwk["use"] = "enc";
                break;
            case "operations":
                jwk.Remove("use");
                jwk["key_ops"] = new JsonArray("encrypt");
                break;
            case "algorithm":
                jwk["alg"] = "ES384";
                break;
        }

        return jwk;
    }

    private async Task AnswerAsync(ReceivedRequest request, Reply reply)
    {
        switch (request.Target.Split('?')[0])
        {
            case "/jwks" or "/.well-known/oauth-authorization-server" or "/.well-known/openid-configuration":
                documents.Enqueue(request);
                await (Documents ?? DocumentAsync)(request, reply);
                break;
            case "/token":
                var subject = request.Form("subject_token") ?? request.Form("assertion");
                var marker = Marker.In(Encoded.Payload(subject)?.ToJsonString() ?? subject ?? "");
                exchanges.Add(request, marker is null ? [] : [marker]);
                var behaviour = Everybody ?? (marker is null ? null : evil.GetValueOrDefault(marker)) ?? ((exchange, to) => exchange.HonestAsync(to));
                await behaviour(new Exchange(this, request, subject ?? ""), reply);
                break;
            case "/introspect":
                var token = request.Form("token") ?? "";
                var found = Marker.In(Encoded.Payload(token)?.ToJsonString() ?? token);
                introspections.Add(request, found is null ? [] : [found]);
                await (found is not null && inspectors.TryGetValue(found, out var inspect) ? inspect : ActiveAsync)(request, reply);
                break;
            default:
                await reply.EmptyAsync(404);
                break;
        }
    }

    /// <summary>The honest document.</summary>
    public Task DocumentAsync(ReceivedRequest request, Reply reply) => reply.SendAsync(200, request.Target == "/jwks" ? Jwks : new JsonObject
    {
        ["issuer"] = Issuer,
        ["jwks_uri"] = Issuer + "/jwks",
        ["token_endpoint"] = Issuer + "/token",
        ["introspection_endpoint"] = Issuer + "/introspect",
        ["authorization_endpoint"] = Issuer + "/authorize",
        ["response_types_supported"] = new JsonArray("code"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256", "RS256"),
    }.ToJsonString());

    private async Task ActiveAsync(ReceivedRequest request, Reply reply)
    {
        var token = request.Form("token") ?? "";
        var payload = Encoded.Payload(token)?.DeepClone().AsObject();
        var known = payload is not null && Key.Verifies(token) && payload["exp"]?.GetValue<long>() > Clock.GetUtcNow().ToUnixTimeSeconds();
        if (known)
        {
            payload!["active"] = true;
            payload["token_type"] = "Bearer";
        }

        await reply.SendAsync(200, known ? payload!.ToJsonString() : """{"active":false}""");
    }
}
