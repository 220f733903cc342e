using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

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
public sealed partial class TestAuthorizationServer : TestPeer
{
    private readonly ConcurrentDictionary<string, RequestDelegate> handlers = new(StringComparer.Ordinal);
    private TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts one at the given path below its origin, say <c>/realms/corp</c>, which signs with the first of these keys.</summary>
    public TestAuthorizationServer(string path = "", params TestKey[] keys)
    {
        Path = path;
        Keys = keys is [] ? [TestKeys.Es256] : keys;
        Key = Keys[0];
    }

    /// <summary>Starts one over TLS, for a client that knows it by this name.</summary>
    public TestAuthorizationServer(HttpsConnectionAdapterOptions https, string host = "127.0.0.1")
        : base(https, host) => (Path, Keys, Key) = ("", [TestKeys.Es256], TestKeys.Es256);

    /// <summary>The path of the issuer, empty for a bare origin.</summary>
    public string Path { get; }

    /// <summary>The exact issuer identifier.</summary>
    public string Issuer => Origin + Path;

    public string TokenEndpoint => Issuer + "/token";

    public string JwksUrl => Issuer + "/jwks";

    /// <summary>The keys that the JWKS publishes now.</summary>
    public IReadOnlyList<TestKey> Keys { get; set; }

    /// <summary>The JWKS document when it is not simply that of <see cref="Keys"/>.</summary>
    public string? Jwks { get; set; }

    /// <summary>Changes the metadata document before it is served.</summary>
    public Action<JsonObject>? ChangeMetadata { get; set; }

    public DocumentAnswer JwksAnswer { get; set; }

    /// <summary>The answer at the RFC 8414 address.</summary>
    public DocumentAnswer MetadataAnswer { get; set; }

    /// <summary>The answer at the OpenID discovery address.</summary>
    public DocumentAnswer OpenIdAnswer { get; set; }

    /// <summary>The paths asked for so far, in order.</summary>
    public IReadOnlyList<string> Paths => [.. Recorded.Select(request => request.Target.Split('?')[0])];

    public int JwksFetches => Paths.Count(path => path == Path + "/jwks");

    public int MetadataFetches => Paths.Count(path => path.Contains("/.well-known/", StringComparison.Ordinal));

    /// <summary>Answers <paramref name="path"/> (below the origin) by <paramref name="handler"/>.</summary>
    public void Handle(string path, RequestDelegate handler) => handlers[path] = handler;

    /// <summary>Lets every hanging request, past and future, go on.</summary>
    public void Release() => released.TrySetResult();

    /// <summary>Makes requests hang again after <see cref="Release"/>.</summary>
    public void HoldAgain() => released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

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

    private static Task JsonAsync(HttpContext context, string document)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(document, context.RequestAborted);
    }
}
