using System.Net;
using Gateway.Configuration.Options;
using Gateway.Observe;
using Gateway.Pages;
using Microsoft.Net.Http.Headers;

namespace Gateway.Management;

/// <summary>
/// What the management listener answers: <c>/metrics</c>, <c>/healthz/live</c>, <c>/healthz/ready</c> and, when enabled, the
/// page with its explain form. Everything is read-only; the form evaluates a token and keeps nothing.
/// </summary>
internal sealed class ManagementEndpoints(
    ManagementOptions options,
    ManagementState state,
    IServiceProvider services,
    TimeProvider clock,
    RefusalGroups? refusals = null,
    RecentRevocations? revocations = null,
    ExchangeHistory? exchanges = null)
{
    private const string Html = "text/html; charset=utf-8";
    private readonly RequestDelegate scrape = Meters.Scrape(services);

    public Task AnswerAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers.XFrameOptions = "DENY";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Referrer-Policy"] = "same-origin";
        var get = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var forUs = IsForThisHost(context.Request);
        return context.Request.Path.Value switch
        {
            "/healthz/live" when get => WriteAsync(context, HealthText.ContentType, HealthText.Live),
            "/healthz/ready" when get => ReadyAsync(context, forUs),
            _ when !forUs => Status(context, StatusCodes.Status421MisdirectedRequest),
            "/metrics" when get => scrape(context),
            "/" when get && options.Page => PageAsync(context),
            "/page.css" when get && options.Page => WriteAsync(context, "text/css; charset=utf-8", PageStyle.Css),
            Guide.Path when get && options.Page => WriteAsync(context, Html, Guide.Page),
            "/explain" when get && options.Page => RedirectToForm(context),
            "/explain" when HttpMethods.IsPost(context.Request.Method) && options.Page => ExplainAsync(context),
            "/metrics" or "/healthz/live" or "/healthz/ready" => NotAllowed(context, "GET, HEAD"),
            "/" or "/page.css" or Guide.Path when options.Page => NotAllowed(context, "GET, HEAD"),
            "/explain" when options.Page => NotAllowed(context, "GET, HEAD, POST"),
            _ => Status(context, StatusCodes.Status404NotFound),
        };
    }

    /// <summary>The status alone for whoever asks, since probes ask by any name; the detail for operators.</summary>
    private Task ReadyAsync(HttpContext context, bool detail)
    {
        var readiness = state.Readiness();
        context.Response.StatusCode = readiness.Ready && !readiness.Draining ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return WriteAsync(context, HealthText.ContentType, detail ? HealthText.Of(readiness) : HealthText.Bare(readiness));
    }

    private Task PageAsync(HttpContext context) => WriteAsync(context, Html, Page.Of(Snapshot(), outcome: null, Refresh(context.Request)));

    private async Task ExplainAsync(HttpContext context)
    {
        var request = context.Request;
        if (!IsFromThisPage(request))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        // As the page sends it: parts and files are for nobody here.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or NotSupportedException)
        {
            // More fields than anybody has, or a charset that nobody reads.
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var server = form["server"].ToString();
        var explanation = await state.Explain(server, form["token"].ToString().Trim(), context.RequestAborted);
        context.Response.StatusCode = explanation is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
        await WriteAsync(context, Html, Page.Of(Snapshot(), new PageOutcome(server, explanation), refresh: 0));
    }

    private PageSnapshot Snapshot() =>
        new()
        {
            Time = clock.GetUtcNow(),
            About = state.About(),
            Readiness = state.Readiness(),
            Servers = state.Servers(),
            HopTokens = state.HopTokens(PageSnapshot.MaxHopTokens),
            Refusals = refusals!.View(clock.GetUtcNow()),
            Revocations = revocations!.Newest(),
            Latency = exchanges!.Minutes(),
            Exchanges = exchanges.Of,
            NameOf = state.NameOf,
        };

    /// <summary>
    /// A page of somebody else whose name was made to resolve to this address (DNS rebinding) is told by the name: only
    /// addresses, localhost and configured names are answered. The bare status, which says nothing, always is.
    /// </summary>
    private bool IsForThisHost(HttpRequest request)
    {
        var host = request.Host.Host;
        return IPAddress.TryParse(host.Trim('[', ']'), out _)
            || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (Uri.TryCreate(options.Url, UriKind.Absolute, out var url) && host.Equals(url.Host, StringComparison.OrdinalIgnoreCase))
            || options.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether the form was sent by this page, or by something that is no browser.</summary>
    private static bool IsFromThisPage(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        return site is "" or "same-origin" or "none"
            && (origin.Length == 0 || origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>How often the page asks to be loaded again: not at all, unless its address says so.</summary>
    private static int Refresh(HttpRequest request) => request.Query["refresh"] == "10" ? 10 : 0;

    private static Task RedirectToForm(HttpContext context)
    {
        context.Response.Headers.Location = "/#explain";
        return Status(context, StatusCodes.Status303SeeOther);
    }

    private static Task NotAllowed(HttpContext context, string allow)
    {
        context.Response.Headers.Allow = allow;
        return Status(context, StatusCodes.Status405MethodNotAllowed);
    }

    private static Task Status(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext context, string contentType, string text)
    {
        context.Response.ContentType = contentType;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text, context.RequestAborted);
    }
}
