using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Harness;

/// <summary>How a <see cref="TestIssuer"/> answers one of its addresses.</summary>
public enum IssuerAnswer
{
    Sound,
    Missing,
    ServerError,
    Redirect,
    Oversize,

    /// <summary>Nothing until <see cref="TestIssuer.Release"/>, then soundly.</summary>
    Hang,
}

/// <summary>
/// The metadata and keys of an authorization server on a real socket: counts what is asked, and misbehaves on demand.
/// A test adds further addresses, a token endpoint say, with <see cref="Handle"/>.
/// </summary>
public sealed class TestIssuer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, RequestDelegate> handlers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> requests = new();
    private TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestIssuer(WebApplication app, string path) => (this.app, Path) = (app, path);

    /// <summary>The path of the issuer, empty for a bare origin.</summary>
    public string Path { get; }

    /// <summary><c>http://127.0.0.1:port</c></summary>
    public string Origin { get; private set; } = "";

    /// <summary>The exact issuer identifier.</summary>
    public string Issuer => Origin + Path;

    public string TokenEndpoint => Issuer + "/token";

    public string JwksUrl => Issuer + "/jwks";

    /// <summary>The keys that the JWKS publishes now.</summary>
    public IReadOnlyList<TestKey> Keys { get; set; } = [TestKeys.Es256];

    /// <summary>The JWKS document when it is not simply that of <see cref="Keys"/>.</summary>
    public string? Jwks { get; set; }

    /// <summary>Changes the metadata document before it is served.</summary>
    public Action<JsonObject>? ChangeMetadata { get; set; }

    public IssuerAnswer JwksAnswer { get; set; }

    /// <summary>The answer at the RFC 8414 address.</summary>
    public IssuerAnswer MetadataAnswer { get; set; }

    /// <summary>The answer at the OpenID discovery address.</summary>
    public IssuerAnswer OpenIdAnswer { get; set; }

    /// <summary>The paths asked for so far, in order.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    public int JwksFetches => requests.Count(path => path == Path + "/jwks");

    public int MetadataFetches => requests.Count(path => path.Contains("/.well-known/", StringComparison.Ordinal));

    /// <summary>Starts an issuer at the given path below its origin, say <c>/realms/corp</c>.</summary>
    public static async Task<TestIssuer> StartAsync(string path = "", params TestKey[] keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new TestIssuer(builder.Build(), path);
        if (keys.Length > 0)
        {
            issuer.Keys = keys;
        }

        issuer.app.Run(issuer.AnswerAsync);
        await issuer.app.StartAsync();
        issuer.Origin = issuer.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return issuer;
    }

    /// <summary>Answers <paramref name="path"/> (below the origin) by <paramref name="handler"/>.</summary>
    public void Handle(string path, RequestDelegate handler) => handlers[path] = handler;

    /// <summary>Lets every hanging request, past and future, go on.</summary>
    public void Release() => released.TrySetResult();

    /// <summary>Makes requests hang again after <see cref="Release"/>.</summary>
    public void HoldAgain() => released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask DisposeAsync()
    {
        Release();
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        requests.Enqueue(path);
        if (handlers.TryGetValue(path, out var handler))
        {
            await handler(context);
        }
        else if (path == Path + "/jwks" || path == "/moved/jwks")
        {
            await AnswerAsync(context, JwksAnswer, "/moved/jwks", Jwks ?? TestKey.Jwks(Keys.Select(key => key.Jwk())));
        }
        else if (path == "/.well-known/oauth-authorization-server" + Path || path == "/moved/metadata")
        {
            await AnswerAsync(context, MetadataAnswer, "/moved/metadata", Metadata());
        }
        else if (path == Path + "/.well-known/openid-configuration")
        {
            await AnswerAsync(context, OpenIdAnswer, "/moved/metadata", Metadata());
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }

    private async Task AnswerAsync(HttpContext context, IssuerAnswer answer, string moved, string document)
    {
        if (context.Request.Path.StartsWithSegments("/moved", StringComparison.Ordinal))
        {
            answer = IssuerAnswer.Sound;
        }

        switch (answer)
        {
            case IssuerAnswer.Missing:
                context.Response.StatusCode = 404;
                return;
            case IssuerAnswer.ServerError:
                context.Response.StatusCode = 500;
                return;
            case IssuerAnswer.Redirect:
                context.Response.Redirect(Origin + moved);
                return;
            case IssuerAnswer.Oversize:
                document = document.Insert(1, new string(' ', 1024 * 1024));
                break;
            case IssuerAnswer.Hang:
                await released.Task.WaitAsync(context.RequestAborted);
                break;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(document, context.RequestAborted);
    }

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
}
