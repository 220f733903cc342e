using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Harness;

/// <summary>
/// An authorization server that exchanges tokens as RFC 8693 says, and as a test changes it. It stands on the shared
/// <see cref="TestIssuer"/> and records every token request.
/// </summary>
public sealed class TestAuthorizationServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> exchanges = new();

    private TestAuthorizationServer(TestIssuer issuer) => Keys = issuer;

    /// <summary>Metadata and keys.</summary>
    public TestIssuer Keys { get; }

    public string Issuer => Keys.Issuer;

    public TestKey Key { get; set; } = TestKeys.Es256;

    /// <summary>The forms of all token requests, with two headers as <c>(authorization)</c> and <c>(traceparent)</c>.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Exchanges => [.. exchanges];

    /// <summary>Changes the claims of an issued token.</summary>
    public Action<JsonObject, JsonObject>? ChangeToken { get; set; }

    /// <summary>Changes the answer around the token.</summary>
    public Action<JsonObject>? ChangeAnswer { get; set; }

    /// <summary>Is waited for before a token request, recorded already, is answered.</summary>
    public RequestDelegate? BeforeAnswer { get; set; }

    /// <summary>Answers token requests in place of the sound answer.</summary>
    public RequestDelegate? TokenEndpoint { get; set; }

    /// <summary>The nonce that DPoP proofs must hold; null: none is asked for.</summary>
    public string? DPoPNonce { get; set; }

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public static async Task<TestAuthorizationServer> StartAsync(string path = "")
    {
        var server = new TestAuthorizationServer(await TestIssuer.StartAsync(path));
        server.Keys.Handle(path + "/token", server.ExchangeAsync);
        return server;
    }

    /// <summary>An access token for a resource, as a client would have got it.</summary>
    public string Token(string audience, Action<JsonObject, JsonObject>? change = null) =>
        TokenForge.AccessToken(Key, Issuer, audience, Clock.GetUtcNow(), change);

    public ValueTask DisposeAsync() => Keys.DisposeAsync();

    private async Task ExchangeAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var fields = form.ToDictionary(field => field.Key, field => field.Value.ToString());
        fields["(authorization)"] = context.Request.Headers.Authorization.ToString();
        fields["(traceparent)"] = context.Request.Headers.TraceParent.ToString();
        fields["(dpop)"] = context.Request.Headers["DPoP"].ToString();
        exchanges.Enqueue(fields);
        await (BeforeAnswer?.Invoke(context) ?? Task.CompletedTask);
        if (TokenEndpoint is { } custom)
        {
            await custom(context);
            return;
        }

        var proof = fields["(dpop)"].Length > 0 ? ReceivedProof.Of(fields["(dpop)"]) : null;
        if (proof is not null && DPoPNonce is not null && proof.Claims["nonce"]?.GetValue<string>() != DPoPNonce)
        {
            context.Response.StatusCode = 400;
            context.Response.Headers["DPoP-Nonce"] = DPoPNonce;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"error":"use_dpop_nonce"}""");
            return;
        }

        var subject = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(fields["subject_token"].Split('.')[1]))!.AsObject();
        var token = TokenForge.AccessToken(Key, Issuer, fields.GetValueOrDefault("audience") ?? fields["resource"], Clock.GetUtcNow(), (header, payload) =>
        {
            payload["sub"] = subject["sub"]!.DeepClone();
            payload["client_id"] = "mcp-gateway";
            payload["act"] = new JsonObject { ["sub"] = "mcp-gateway" };
            if (subject["act"] is { } before)
            {
                payload["act"]!["act"] = before.DeepClone();
            }

            payload["jti"] = Guid.NewGuid().ToString();
            payload["scope"] = fields.GetValueOrDefault("scope") ?? "";
            if (proof is not null)
            {
                payload["cnf"] = new JsonObject { ["jkt"] = proof.Thumbprint };
            }

            if (!fields.ContainsKey("scope"))
            {
                payload.Remove("scope");
            }

            ChangeToken?.Invoke(header, payload);
        });
        var answer = new JsonObject
        {
            ["access_token"] = token,
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["token_type"] = proof is null ? "Bearer" : "DPoP",
            ["expires_in"] = 300,
        };
        ChangeAnswer?.Invoke(answer);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString());
    }
}
