using Gateway.Generations;
using Microsoft.AspNetCore.WebUtilities;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound.Cache;

namespace Gateway.Revoke;

/// <summary>
/// Takes logouts from authorization servers: revokes, drops the hop tokens exchanged for what was revoked, and ends its
/// open streams, in this order, so that nothing starts in between. Refuses everything but one sound logout token.
/// </summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8.</remarks>
internal sealed class BackchannelLogout(LiveGenerations generations, Revocations revocations, ExchangeCache cache, OpenStreams streams, ILogger<BackchannelLogout> log)
{
    public const string PathPrefix = "/backchannel-logout/";

    /// <summary>Serves the request when its path is that of a server that announces logouts.</summary>
    public async ValueTask<bool> TryServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.StartsWith(PathPrefix, StringComparison.Ordinal) || !generations.Current.Logouts.TryGetValue(path[PathPrefix.Length..], out var receiver))
        {
            return false;
        }

        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = "POST";
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return true;
        }

        var name = receiver.Validator.Server.Settings.Name;
        if (await BackchannelLogoutForm.ReadTokenAsync(context) is not { } token)
        {
            log.LogoutRefused(name, "form");
            await RefuseAsync(context);
            return true;
        }

        var validation = await receiver.Validator.ValidateAsync(token.AsMemory(), context.RequestAborted);
        if (validation.Logout is not { } logout)
        {
            log.LogoutRefused(name, validation.Refusal!);
            await RefuseAsync(context);
            return true;
        }

        Revoke(receiver, logout);
        log.LogoutAccepted(name, logout.Session is not null, logout.Subject is not null);
        context.Response.ContentLength = 0;
        return true;
    }

    private void Revoke(LogoutReceiver receiver, LogoutToken logout)
    {
        var issuer = receiver.Validator.Server.Settings.Issuer;
        revocations.Revoke(issuer, logout, receiver.KeepFor);
        if (logout.Session is { } session)
        {
            cache.ForgetSession(issuer, session);
        }

        // More than is revoked, perhaps: what is still good is exchanged anew.
        if (logout.Subject is { } subject)
        {
            cache.ForgetSubject(issuer, subject);
        }

        streams.End(revocations.IsRevoked);
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("""{"error":"invalid_request"}""", context.RequestAborted);
    }
}

/// <summary>How logouts of one authorization server are checked, and how long what they revoke stays revoked.</summary>
internal sealed record LogoutReceiver(LogoutTokenValidator Validator, TimeSpan KeepFor);

/// <summary>Reads the one <c>logout_token</c> of a form of bounded size.</summary>
internal static class BackchannelLogoutForm
{
    // A token is at most 16 KiB; parameters that nobody knows are ignored, but not read without end.
    private const int MaxLength = 32 * 1024;

    /// <summary>The token; null when the body is not a form with exactly one.</summary>
    public static async ValueTask<string?> ReadTokenAsync(HttpContext context)
    {
        var request = context.Request;
        if (!IsForm(request) || request.ContentLength > MaxLength)
        {
            return null;
        }

        try
        {
            var buffer = new byte[MaxLength + 1];
            var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
            return length > MaxLength ? null : Token(System.Text.Encoding.UTF8.GetString(buffer, 0, length));
        }
        catch (BadHttpRequestException)
        {
            return null;
        }
    }

    private static bool IsForm(HttpRequest request) =>
        request.Headers.ContentEncoding.Count == 0
        && Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static string? Token(string form)
    {
        string? token = null;
        foreach (var pair in new QueryStringEnumerable(form))
        {
            if (pair.DecodeName().Span.SequenceEqual("logout_token"))
            {
                if (token is not null)
                {
                    return null;
                }

                token = pair.DecodeValue().ToString();
            }
        }

        return token is { Length: > 0 } ? token : null;
    }
}

internal static partial class BackchannelLogoutEvents
{
    [LoggerMessage(1101, LogLevel.Information, "Logout announced by {AuthorizationServer} was carried out (session: {Session}, subject: {Subject})", EventName = "LogoutAccepted")]
    public static partial void LogoutAccepted(this ILogger logger, string authorizationServer, bool session, bool subject);

    [LoggerMessage(1102, LogLevel.Warning, "Logout announced to {AuthorizationServer}'s endpoint was refused: {Check}", EventName = "LogoutRefused")]
    public static partial void LogoutRefused(this ILogger logger, string authorizationServer, string check);

    [LoggerMessage(1103, LogLevel.Information, "{AuthorizationServer} says that a token is not active any more; what was exchanged for its subject was dropped", EventName = "TokenInactive")]
    public static partial void TokenInactive(this ILogger logger, string authorizationServer);
}
