using System.Collections.Frozen;
using Gateway.Generations;
using Gateway.Pages;

namespace Gateway.Front;

/// <summary>
/// The endpoints of fronts, below <c>/oauth/{authorization server}</c>: <c>authorize</c> is for users, <c>register</c> and
/// <c>token</c> are for clients, also those that run in browsers. Nothing here leads anywhere but to the authorization
/// server, and there only by the consent of a user.
/// </summary>
internal sealed class FrontEndpoints(LiveGenerations generations, TimeProvider clock, ILogger<FrontEndpoints> log)
{
    public const string PathPrefix = "/oauth/";
    public const string Authorize = "/authorize";
    public const string Token = "/token";
    public const string Register = "/register";
    public const string Style = "/page.css";

    /// <summary>Serves the request when its path is one of a front.</summary>
    public ValueTask<bool> TryServeAsync(HttpContext context)
    {
        var generation = generations.Current;
        return generation.Fronts is { } fronts && Find(context.Request.Path.Value!, fronts) is var (front, endpoint)
            ? ServeAsync(new FrontVisit(context, front, generation.Bodies, clock, log), endpoint)
            : new(false);
    }

    private static async ValueTask<bool> ServeAsync(FrontVisit visit, string endpoint)
    {
        var context = visit.Context;
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        switch (endpoint)
        {
            case Authorize when Is(context, "GET", "HEAD"):
                await AuthorizeEndpoint.AskAsync(visit);
                break;
            case Authorize when Is(context, "POST"):
                await AuthorizeEndpoint.GoOnAsync(visit);
                break;
            case Style when Is(context, "GET", "HEAD"):
                await visit.WriteAsync(StatusCodes.Status200OK, "text/css; charset=utf-8", PageStyle.Css);
                break;
            case Register or Token when Is(context, "OPTIONS"):
                ReadableByAll(context);
                headers.AccessControlAllowMethods = "POST, OPTIONS";
                headers.AccessControlAllowHeaders = "*";
                headers.AccessControlMaxAge = "600";
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            case Register when Is(context, "POST"):
                ReadableByAll(context);
                await RegisterEndpoint.AnswerAsync(visit);
                break;
            case Token when Is(context, "POST"):
                ReadableByAll(context);
                await TokenEndpoint.AnswerAsync(visit);
                break;
            default:
                headers.Allow = endpoint switch { Authorize => "GET, HEAD, POST", Style => "GET, HEAD", _ => "POST, OPTIONS" };
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                break;
        }

        return true;
    }

    private static (ClientFront Front, string Endpoint)? Find(string path, FrozenDictionary<string, ClientFront> fronts)
    {
        if (!path.StartsWith(PathPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var end = path.IndexOf('/', PathPrefix.Length);
        return end > 0 && path[end..] is var endpoint and (Authorize or Token or Register or Style) && fronts.TryGetValue(path[PathPrefix.Length..end], out var front)
            ? (front, endpoint)
            : null;
    }

    private static bool Is(HttpContext context, params ReadOnlySpan<string> methods) => methods.Contains(context.Request.Method);

    // No cookie counts at these two: whatever page asks gets what it could ask for by itself.
    private static void ReadableByAll(HttpContext context) => context.Response.Headers.AccessControlAllowOrigin = "*";
}
