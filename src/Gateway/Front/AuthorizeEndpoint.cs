using System.Diagnostics;
using System.Text;
using Gateway.Authorize.Bodies;
using TokenExchange.Issuers;

namespace Gateway.Front;

/// <summary>
/// Where a client sends its user: shows what was asked for, and sends the user on to the authorization server when the
/// form comes back from the very browser that it was shown in, unchanged. Every doubt ends on a page, never in a redirect.
/// </summary>
/// <remarks>RFC 9700 §4.7, §4.11, §4.16; MCP Security Best Practices, Confused Deputy.</remarks>
internal static class AuthorizeEndpoint
{
    private const string CookieName = "__Host-mcp-sign-in";
    private const string Html = "text/html; charset=utf-8";

    /// <summary>GET: the page that asks.</summary>
    public static async Task AskAsync(FrontVisit visit)
    {
        var context = visit.Context;
        if (await UnderstandAsync(visit, context.Request.QueryString.Value ?? "") is not var (_, request, signIn))
        {
            return;
        }

        // One that is there is kept, so that a page in another tab stays good.
        var cookie = context.Request.Cookies[CookieName] is { } known && ConsentSeal.IsCookie(known) ? known : ConsentSeal.NewCookie();
        context.Response.Headers.SetCookie = $"{CookieName}={cookie}; Path=/; Max-Age={(int)ConsentSeal.Lifetime.TotalSeconds}; Secure; HttpOnly; SameSite=Lax";
        Guard(visit, $"'self' https: {SourceOf(signIn)} {SourceOf(new Uri(request.RedirectUri))}");
        var seal = visit.Front.Seal.Create(cookie, visit.Front.Name, request.Server.Resource, request.Location(signIn));
        await visit.WriteAsync(StatusCodes.Status200OK, Html, FrontPage.Consent(request, signIn, seal));
    }

    /// <summary>POST: the consent.</summary>
    public static async Task GoOnAsync(FrontVisit visit)
    {
        var context = visit.Context;
        if (!IsFromThisPage(visit))
        {
            await RefuseAsync(visit, FrontRefusal.Elsewhere);
            return;
        }

        if (context.Request.QueryString.HasValue)
        {
            await RefuseAsync(visit, FrontRefusal.Form);
            return;
        }

        using var body = await visit.ReadAsync(SmallBody.Form);
        switch (body)
        {
            case SmallBody.Read form:
                await GoOnAsync(visit, form);
                break;
            case SmallBody.Unfit:
                await RefuseAsync(visit, FrontRefusal.Form);
                break;
            case SmallBody.Overloaded:
                SmallBody.Overloaded.Tell(context.Response);
                await RefuseAsync(visit, FrontRefusal.Overloaded);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static async Task GoOnAsync(FrontVisit visit, SmallBody.Read form)
    {
        // As on the first visit: the configuration may be another one since.
        var context = visit.Context;
        if (await UnderstandAsync(visit, Encoding.UTF8.GetString(form.Bytes.Span)) is not var (parameters, request, signIn))
        {
            return;
        }

        var location = request.Location(signIn);
        if (context.Request.Cookies[CookieName] is not { } cookie || !ConsentSeal.IsCookie(cookie) || !visit.Front.Seal.IsGood(parameters["consent"], cookie, visit.Front.Name, request.Server.Resource, location))
        {
            await RefuseAsync(visit, FrontRefusal.Consent);
            return;
        }

        Guard(visit, "'none'");
        visit.Log.FrontSentOn(visit.Front.Name, request.Server.Id);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = location;
    }

    /// <summary>What is asked for, and where users sign in now; null when it was refused.</summary>
    private static async Task<(FrontParameters Parameters, AuthorizationRequest Request, Uri SignIn)?> UnderstandAsync(FrontVisit visit, string text)
    {
        if (FrontParameters.Read(text, out var parameters) is { } unread)
        {
            await RefuseAsync(visit, unread);
            return null;
        }

        if (!AuthorizationRequest.TryRead(visit.Front, parameters, out var request, out var refusal))
        {
            await RefuseAsync(visit, refusal);
            return null;
        }

        var (signIn, closed) = await visit.Front.SignInAsync(visit.Context.RequestAborted);
        if (signIn is null)
        {
            await RefuseAsync(visit, closed!);
            return null;
        }

        return (parameters, request, signIn);
    }

    private static Task RefuseAsync(FrontVisit visit, FrontRefusal refusal)
    {
        Guard(visit, "'none'");
        visit.Log.FrontRefused(visit.Front.Name, refusal.Reason, refusal.Text);
        return visit.WriteAsync(refusal.Status, Html, FrontPage.Refused(visit.Front, refusal, visit.RequestId));
    }

    /// <summary>No script, no frame, nothing from elsewhere; forms lead only where <paramref name="formAction"/> says.</summary>
    private static void Guard(FrontVisit visit, string formAction)
    {
        var headers = visit.Context.Response.Headers;
        headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'self'; img-src data:; form-action {formAction}; base-uri 'none'; frame-ancestors 'none'";
        headers.XFrameOptions = "DENY";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Referrer-Policy"] = "same-origin";
    }

    /// <summary>
    /// An address as a source of a content security policy. Browsers hold the whole chain of redirects that follows a form
    /// against form-action: to the authorization server, on to whatever it signs users in with, and back to the client.
    /// </summary>
    /// <remarks>Content Security Policy Level 3, §6.4.1.</remarks>
    private static string SourceOf(Uri address) =>
        address.Scheme == Uri.UriSchemeHttp && address.HostNameType != UriHostNameType.IPv6 ? $"http://{HostName.InAscii(address)}:{address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)}" : address.Scheme + ":";

    /// <summary>What browsers say of where a form was sent from; something that is no browser says nothing.</summary>
    private static bool IsFromThisPage(FrontVisit visit)
    {
        var headers = visit.Context.Request.Headers;
        return headers["Sec-Fetch-Site"].ToString() is "" or "same-origin"
            && (headers.Origin.Count == 0 || headers.Origin.ToString() == visit.Front.Origin);
    }
}
