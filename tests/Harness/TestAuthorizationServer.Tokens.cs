using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Harness;

/// <summary>The token endpoint.</summary>
public sealed partial class TestAuthorizationServer
{
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> exchanges = new();

    /// <summary>The key that tokens are signed with.</summary>
    public TestKey Key { get; set; }

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Is waited for before a token request, recorded already, is answered.</summary>
    public RequestDelegate? BeforeAnswer { get; set; }

    /// <summary>Answers token requests in place of the sound answer.</summary>
    public RequestDelegate? TokenAnswer { get; set; }

    /// <summary>Changes header and claims of an issued token.</summary>
    public Action<JsonObject, JsonObject>? ChangeToken { get; set; }

    /// <summary>Changes the answer around the token.</summary>
    public Action<JsonObject>? ChangeAnswer { get; set; }

    /// <summary>The nonce that DPoP proofs must hold; null: none is asked for.</summary>
    public string? DPoPNonce { get; set; }

    /// <summary>The forms of all token requests, with three headers as <c>(authorization)</c>, <c>(traceparent)</c> and <c>(dpop)</c>.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Exchanges => [.. exchanges];

    /// <summary>An access token for a resource, as a client would have got it.</summary>
    public string Token(string audience, Action<JsonObject, JsonObject>? change = null) =>
        TokenForge.AccessToken(Key, Issuer, audience, Clock.GetUtcNow(), change);

    /// <summary>The sound answer to a token request, for one who has looked at it before; <paramref name="change"/> has the last word on the token.</summary>
    public async Task IssueAsync(HttpContext context, Action<JsonObject, JsonObject>? change = null)
    {
        var proof = context.Request.Headers["DPoP"].ToString() is { Length: > 0 } sent ? ReceivedProof.Of(sent) : null;
        if (proof is not null && DPoPNonce is not null && proof.Claims["nonce"]?.GetValue<string>() != DPoPNonce)
        {
            context.Response.StatusCode = 400;
            context.Response.Headers["DPoP-Nonce"] = DPoPNonce;
            await JsonAsync(context, """{"error":"use_dpop_nonce"}""");
        }
        else
        {
            await JsonAsync(context, Issue(await FormAsync(context), proof, change));
        }
    }

    private async Task ExchangeAsync(HttpContext context)
    {
        var form = await FormAsync(context);
        form["(authorization)"] = context.Request.Headers.Authorization.ToString();
        form["(traceparent)"] = context.Request.Headers.TraceParent.ToString();
        form["(dpop)"] = context.Request.Headers["DPoP"].ToString();
        exchanges.Enqueue(form);
        await (BeforeAnswer?.Invoke(context) ?? Task.CompletedTask);
        await (TokenAnswer is { } other ? other(context) : IssueAsync(context));
    }

    private string Issue(Dictionary<string, string> form, ReceivedProof? proof, Action<JsonObject, JsonObject>? change)
    {
        var subject = TokenReader.PayloadOf(form["subject_token"]);
        var token = TokenForge.AccessToken(Key, Issuer, form.GetValueOrDefault("audience") ?? form["resource"], Clock.GetUtcNow(), (header, payload) =>
        {
            payload["sub"] = subject["sub"]!.DeepClone();
            payload["client_id"] = "mcp-gateway";
            payload["act"] = new JsonObject { ["sub"] = "mcp-gateway" };
            if (subject["act"] is { } before)
            {
                payload["act"]!["act"] = before.DeepClone();
            }

            payload["jti"] = Guid.NewGuid().ToString();
            payload["scope"] = form.GetValueOrDefault("scope") ?? "";
            if (proof is not null)
            {
                payload["cnf"] = new JsonObject { ["jkt"] = proof.Thumbprint };
            }

            if (!form.ContainsKey("scope"))
            {
                payload.Remove("scope");
            }

            ChangeToken?.Invoke(header, payload);
            change?.Invoke(header, payload);
        });
        var answer = new JsonObject
        {
            ["access_token"] = token,
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["token_type"] = proof is null ? "Bearer" : "DPoP",
            ["expires_in"] = 300,
        };
        ChangeAnswer?.Invoke(answer);
        return answer.ToJsonString();
    }

    private static async Task<Dictionary<string, string>> FormAsync(HttpContext context) =>
        (await context.Request.ReadFormAsync()).ToDictionary(field => field.Key, field => field.Value.ToString());
}
