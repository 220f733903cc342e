using System.Globalization;
using Gateway.Pages;
using TokenExchange.Issuers;

namespace Gateway.Front;

/// <summary>The pages that a user sees, written on the server without any script.</summary>
internal static class FrontPage
{
    /// <summary>Asks the user. The form holds everything that was asked for, and the seal over it.</summary>
    public static string Consent(AuthorizationRequest request, Uri signIn, string seal)
    {
        var front = request.Front;
        return Document(front, "Let this client sign in?", Html.Of($"""
            <section>
            <h1>Let this client sign in?</h1>
            <p>A client wants to use an MCP server in your name. Go on only if you have just started this yourself.</p>
            <dl>
            <dt>The answer goes to</dt><dd><strong>{Destination(new Uri(request.RedirectUri))}</strong><br><code>{request.RedirectUri}</code></dd>
            <dt>Server</dt><dd><strong>{request.Server.Id}</strong><br><code>{request.Server.Resource}</code></dd>
            <dt>Scopes</dt><dd>{request.Server.Scope.Split(' ').Select(scope => Html.Of($"<code>{scope}</code> "))}</dd>
            <dt>You sign in at</dt><dd>{HostName.InAscii(signIn)}</dd>
            </dl>
            <form method="post" action="{front.Path + FrontEndpoints.Authorize}">
            {request.Parameters.Append(new("consent", seal)).Select(pair => Html.Of($"""
            <input type="hidden" name="{pair.Key}" value="{pair.Value}">

            """))}<button type="submit">Allow, and sign in</button>
            </form>
            <p>Otherwise close this page. Nothing has been sent to anybody.</p>
            </section>
            """));
    }

    /// <summary>Says why it goes no further.</summary>
    public static string Refused(ClientFront front, FrontRefusal refusal, string requestId) => Document(front, "This sign-in was refused", Html.Of($"""
        <section class="alert">
        <h1>This sign-in was refused</h1>
        <p>{refusal.Text}</p>
        <p>Nobody was sent anywhere, and nothing was kept. <small>Reason <code>{refusal.Reason}</code>, request <code>{requestId}</code></small></p>
        </section>
        """));

    /// <summary>What a user knows the receiver of the answer by.</summary>
    internal static string Destination(Uri redirectUri) =>
        redirectUri.Scheme != Uri.UriSchemeHttps && redirectUri.Scheme != Uri.UriSchemeHttp ? $"whichever app on this computer opens {redirectUri.Scheme}: addresses"
        : Loopback.Is(redirectUri) ? string.Create(CultureInfo.InvariantCulture, $"a program on this computer ({redirectUri.Host}:{redirectUri.Port})")
        : redirectUri.IsDefaultPort ? HostName.InAscii(redirectUri)
        : string.Create(CultureInfo.InvariantCulture, $"{HostName.InAscii(redirectUri)}:{redirectUri.Port}");

    private static string Document(ClientFront front, string title, Html body) => HtmlDocument.Of(title, front.Path + FrontEndpoints.Style, Html.Of($"""
        <body>
        <main>
        {body}
        </main>
        </body>
        """));
}
