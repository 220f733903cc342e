using System.Buffers.Text;
using System.Text.Json.Nodes;
using Harness;

namespace Gateway.Benchmarks.Peers;

/// <summary>An RFC 8693 token endpoint that believes every subject token and signs with ES256, all in memory.</summary>
internal sealed class TokenEndpoint(string issuer, TestKey key)
{
    private long issued;

    /// <summary>The given key set with this endpoint's key in it.</summary>
    public string Published(string jwks)
    {
        var set = JsonNode.Parse(jwks)!;
        set["keys"]!.AsArray().Add(key.Jwk());
        return set.ToJsonString();
    }

    public async Task AnswerAsync(HttpContext context)
    {
        // Signing is long for a thread that serves sockets.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var form = await context.Request.ReadFormAsync();
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(form["subject_token"].ToString().Split('.')[1]))!;
        var token = TokenForge.AccessToken(key, issuer, form["resource"].ToString(), TimeProvider.System.GetUtcNow(), (_, payload) =>
        {
            payload["sub"] = claims["sub"]!.DeepClone();
            payload["scope"] = form["scope"].ToString();
            payload["jti"] = $"hop-{Interlocked.Increment(ref issued)}";
        });
        var answer = new JsonObject
        {
            ["access_token"] = token,
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["token_type"] = "Bearer",
            ["expires_in"] = 300,
        };
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(answer.ToJsonString());
    }
}
