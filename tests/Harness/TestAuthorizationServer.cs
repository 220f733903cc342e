using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Harness;

/// <summary>How a <see cref="TestAuthorizationServer"/> answers for its metadata or its keys.</summary>
public enum DocumentAnswer
{
    Sound,
    Missing,
    ServerError,
    Redirect,
    Oversize,

    /// <summary>Nothing until <see cref="TestAuthorizationServer.Release"/>, then soundly.</summary>
    Hang,
}

/// <summary>
/// An authorization server: metadata (RFC 8414 and OpenID discovery), keys, and a token endpoint that exchanges tokens as
/// RFC 8693 says, bound to a key where a DPoP proof comes along (RFC 9449). On request it misbehaves:
/// <list type="bullet">
/// <item>metadata and keys: missing, failing, moved, far too large, late (<see cref="DocumentAnswer"/>), false in what they
/// say (<see cref="ChangeMetadata"/>, <see cref="Jwks"/>), or signed for with a key that is not published (<see cref="Keys"/>);</item>
/// <item>tokens: with other claims (<see cref="ChangeToken"/>), in another answer (<see cref="ChangeAnswer"/>), late
/// (<see cref="BeforeAnswer"/>), or something else altogether (<see cref="TokenAnswer"/>, <see cref="Handle"/>);</item>
/// <item>on the wire: any bytes, drips, silence, resets, refused connections (<see cref="TestPeer"/>).</item>
/// </list>
/// </summary>
public sealed class TestAuthorizationServer : TestPeer
{
    private readonly ConcurrentDictionary<string, RequestDelegate> handlers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> exchanges = new();
    private TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts one at the given path below its origin, say <c>/realms/corp</c>, which signs with the first of these keys.</summary>
    public TestAuthorizationServer(string path = "", params TestKey[] keys)
    {
        Path = path;
        Keys = keys is [] ? [TestKeys.Es256] : keys;
        Key = Keys[0];
    }

    /// <summary>The path of the issuer, empty for a bare origin.</summary>
    public string Path { get; }

    /// <summary>The exact issuer identifier.</summary>
    public string Issuer => Origin + Path;

    public string TokenEndpoint => Issuer + "/token";

    public string JwksUrl => Issuer + "/jwks";

    /// <summary>The key that tokens are signed with.</summary>
    public TestKey Key { get; set; }

    /// <summary>The keys that the JWKS publishes now.</summary>
    public IReadOnlyList<TestKey> Keys { get; set; }

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>The JWKS document when it is not simply that of <see cref="Keys"/>.</summary>
    public string? Jwks { get; set; }

    /// <summary>Changes the metadata document before it is served.</summary>
    public Action<JsonObject>? ChangeMetadata { get; set; }

    public DocumentAnswer JwksAnswer { get; set; }

    /// <summary>The answer at the RFC 8414 address.</summary>
    public DocumentAnswer MetadataAnswer { get; set; }

    /// <summary>The answer at the OpenID discovery address.</summary>
    public DocumentAnswer OpenIdAnswer { get; set; }

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

    /// <summary>The paths asked for so far, in order.</summary>
    public IReadOnlyList<string> Paths => [.. Recorded.Select(request => request.Target.Split('?')[0])];

    public int JwksFetches => Paths.Count(path => path == Path + "/jwks");

    public int MetadataFetches => Paths.Count(path => path.Contains("/.well-known/", StringComparison.Ordinal));

    /// <summary>The forms of all token requests, with three headers as <c>(authorization)</c>, <c>(traceparent)</c> and <c>(dpop)</c>.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Exchanges => [.. exchanges];

    /// <summary>Answers <paramref name="path"/> (below the origin) by <paramref name="handler"/>.</summary>
    public void Handle(string path, RequestDelegate handler) => handlers[path] = handler;

    /// <summary>Lets every hanging request, past and future, go on.</summary>
    public void Release() => released.TrySetResult();

    /// <summary>Makes requests hang again after <see cref="Release"/>.</summary>
    public void HoldAgain() => released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An access token for a resource, as a client would have got it.</summary>
    public string Token(string audience, Action<JsonObject, JsonObject>? change = null) =>
        TokenForge.AccessToken(Key, Issuer, audience, Clock.GetUtcNow(), change);

    protected override Task SoundlyAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return handlers.TryGetValue(path, out var handler) ? handler(context)
            : path == Path + "/token" ? ExchangeAsync(context)
            : path == Path + "/jwks" ? DocumentAsync(context, JwksAnswer, "/moved/jwks", KeySet())
            : path == "/moved/jwks" ? DocumentAsync(context, DocumentAnswer.Sound, path, KeySet())
            : path == "/.well-known/oauth-authorization-server" + Path ? DocumentAsync(context, MetadataAnswer, "/moved/metadata", Metadata())
            : path == Path + "/.well-known/openid-configuration" ? DocumentAsync(context, OpenIdAnswer, "/moved/metadata", Metadata())
            : path == "/moved/metadata" ? DocumentAsync(context, DocumentAnswer.Sound, path, Metadata())
            : base.SoundlyAsync(context);
    }

    private async Task DocumentAsync(HttpContext context, DocumentAnswer answer, string moved, string document)
    {
        // Whoever stops listening is then deaf to those that were connected, too.
        context.Response.Headers.Connection = "close";
        switch (answer)
        {
            case DocumentAnswer.Missing:
                context.Response.StatusCode = 404;
                return;
            case DocumentAnswer.ServerError:
                context.Response.StatusCode = 500;
                return;
            case DocumentAnswer.Redirect:
                context.Response.Redirect(Origin + moved);
                return;
            case DocumentAnswer.Oversize:
                document = document.Insert(1, new string(' ', 1024 * 1024));
                break;
            case DocumentAnswer.Hang:
                await released.Task.WaitAsync(context.RequestAborted);
                break;
        }

        await JsonAsync(context, document);
    }

    private string KeySet() => Jwks ?? TestKey.Jwks(Keys.Select(key => key.Jwk()));

    private string Metadata()
    {
        var metadata = new JsonObject
        {
            ["issuer"] = Issuer,
            ["jwks_uri"] = JwksUrl,
            ["token_endpoint"] = TokenEndpoint,
            ["introspection_endpoint"] = Issuer + "/introspect",
        };
        ChangeMetadata?.Invoke(metadata);
        return metadata.ToJsonString();
    }

    private async Task ExchangeAsync(HttpContext context)
    {
        var form = (await context.Request.ReadFormAsync()).ToDictionary(field => field.Key, field => field.Value.ToString());
        form["(authorization)"] = context.Request.Headers.Authorization.ToString();
        form["(traceparent)"] = context.Request.Headers.TraceParent.ToString();
        form["(dpop)"] = context.Request.Headers["DPoP"].ToString();
        exchanges.Enqueue(form);
        await (BeforeAnswer?.Invoke(context) ?? Task.CompletedTask);
        var proof = TokenAnswer is null && form["(dpop)"].Length > 0 ? ReceivedProof.Of(form["(dpop)"]) : null;
        if (TokenAnswer is { } other)
        {
            await other(context);
        }
        else if (proof is not null && DPoPNonce is not null && proof.Claims["nonce"]?.GetValue<string>() != DPoPNonce)
        {
            context.Response.StatusCode = 400;
            context.Response.Headers["DPoP-Nonce"] = DPoPNonce;
            await JsonAsync(context, """{"error":"use_dpop_nonce"}""");
        }
        else
        {
            await JsonAsync(context, Issue(form, proof));
        }
    }

    private string Issue(Dictionary<string, string> form, ReceivedProof? proof)
    {
        var subject = ReceivedProof.PayloadOf(form["subject_token"]);
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

    private static Task JsonAsync(HttpContext context, string document)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(document, context.RequestAborted);
    }
}
