using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;

namespace Harness;

/// <summary>Makes JWS compact tokens, sound or broken: whatever bytes a test gives are encoded and signed as they are.</summary>
public static class TokenForge
{
    /// <summary>Encodes and signs header and payload exactly as they are written.</summary>
    public static string Sign(string header, string payload, TestKey key) => Sign(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(payload), key);

    /// <summary>Encodes and signs any bytes.</summary>
    public static string Sign(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, TestKey key) =>
        SignInput(Base64Url.EncodeToString(header) + "." + Base64Url.EncodeToString(payload), key);

    /// <summary>Signs a signing input whose two parts are encoded already, canonical or not.</summary>
    public static string SignInput(string signingInput, TestKey key) =>
        signingInput + "." + Base64Url.EncodeToString(key.Sign(Encoding.UTF8.GetBytes(signingInput)));

    /// <summary>A sound access token of RFC 9068, after <paramref name="change"/> has had its way with header and payload.</summary>
    public static string AccessToken(TestKey key, string issuer, string audience, DateTimeOffset now, Action<JsonObject, JsonObject>? change = null)
    {
        var header = Header(key);
        var payload = Payload(issuer, audience, now);
        change?.Invoke(header, payload);
        return Sign(header.ToJsonString(), payload.ToJsonString(), key);
    }

    public static JsonObject Header(TestKey key)
    {
        var header = new JsonObject { ["alg"] = key.Algorithm, ["typ"] = "at+jwt" };
        if (key.Kid is not null)
        {
            header["kid"] = key.Kid;
        }

        return header;
    }

    /// <summary>The claims of a sound access token that lives five minutes.</summary>
    public static JsonObject Payload(string issuer, string audience, DateTimeOffset now) => new()
    {
        ["iss"] = issuer,
        ["sub"] = "alice",
        ["aud"] = audience,
        ["client_id"] = "agent",
        ["scope"] = "mcp:read mcp:write",
        ["jti"] = "token-1",
        ["iat"] = now.ToUnixTimeSeconds(),
        ["exp"] = now.ToUnixTimeSeconds() + 300,
    };
}
