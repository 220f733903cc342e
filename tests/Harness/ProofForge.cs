using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Harness;

/// <summary>Makes DPoP proofs (RFC 9449), sound or broken.</summary>
public static class ProofForge
{
    /// <summary>A sound proof, after <paramref name="change"/> has had its way with header and payload.</summary>
    public static string Proof(TestKey key, string method, string uri, string token, DateTimeOffset now, Action<JsonObject, JsonObject>? change = null)
    {
        var header = new JsonObject { ["typ"] = "dpop+jwt", ["alg"] = key.Algorithm, ["jwk"] = PublicJwk(key) };
        var payload = new JsonObject
        {
            ["jti"] = Guid.NewGuid().ToString(),
            ["htm"] = method,
            ["htu"] = uri,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["ath"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token))),
        };
        change?.Invoke(header, payload);
        return TokenForge.Sign(header.ToJsonString(), payload.ToJsonString(), key);
    }

    /// <summary>The members that make the key, and no other.</summary>
    public static JsonObject PublicJwk(TestKey key)
    {
        var jwk = key.Jwk();
        jwk.Remove("kid");
        jwk.Remove("use");
        jwk.Remove("alg");
        return jwk;
    }

    /// <summary>The thumbprint of the key (RFC 7638), written down here once more and not taken from the code under test.</summary>
    public static string Thumbprint(TestKey key)
    {
        var jwk = PublicJwk(key);
        var members = jwk.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"\"{member.Key}\":\"{member.Value}\"");
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes("{" + string.Join(',', members) + "}")));
    }

    /// <summary>Binds an access token to the key: a change for <see cref="TokenForge.AccessToken"/>.</summary>
    public static Action<JsonObject, JsonObject> BoundTo(TestKey key) => (_, payload) => payload["cnf"] = new JsonObject { ["jkt"] = Thumbprint(key) };

    /// <summary>The digest of a body as RFC 9530 writes it.</summary>
    public static string ContentDigest(string body) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(body)))}:";
}
