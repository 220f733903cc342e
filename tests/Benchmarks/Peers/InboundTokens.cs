using System.Text.Json.Nodes;
using Gateway.Benchmarks.Load;
using Harness;

namespace Gateway.Benchmarks.Peers;

/// <summary>The tokens that callers present, made in quantity: each of another user, since one user's tokens displace each other.</summary>
internal sealed class InboundTokens(string issuer)
{
    private int made;

    public TestKey Rs256 { get; } = TestKey.Create("RS256", "rs256");

    public TestKey Es256 { get; } = TestKey.Create("ES256", "es256");

    public static string ResourceOf(string server) => "https://mcp.example.com/" + server;

    public string Jwks(params IEnumerable<TestKey> more) => TestKey.Jwks([Rs256.Jwk(), Es256.Jwk(), .. more.Select(key => key.Jwk())]);

    /// <summary>A token of another user, bound to a key of its client (<c>cnf.jkt</c>).</summary>
    public string Bound(TestKey key, TestKey client, string server = "weather") => One(key, server, payload => payload["cnf"] = new JsonObject { ["jkt"] = ProofForge.Thumbprint(client) });

    /// <summary>Binds a token to the one call that the load consists of, as a gateway with BindCall does: a change for <see cref="Many"/>.</summary>
    public static Action<JsonObject> ForTheCall(string server = "weather") => payload => payload["authorization_details"] = new JsonArray(new JsonObject
    {
        ["type"] = "mcp_call",
        ["locations"] = new JsonArray(ResourceOf(server)),
        ["method"] = "tools/call",
        ["name"] = "forecast",
        ["content_digest"] = ProofForge.ContentDigest(Wrk.Call),
    });

    public string One(TestKey key, string server = "weather", Action<JsonObject>? change = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        return TokenForge.AccessToken(key, issuer, ResourceOf(server), now, (_, payload) =>
        {
            payload["jti"] = $"token-{++made}";
            payload["sub"] = $"user-{made}";
            payload["exp"] = now.ToUnixTimeSeconds() + 7200;
            change?.Invoke(payload);
        });
    }

    public string[] Many(TestKey key, int count, string server = "weather", Action<JsonObject>? change = null) => [.. Enumerable.Range(0, count).Select(_ => One(key, server, change))];
}
