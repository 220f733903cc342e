using Gateway.Authorize;
using Gateway.Generations;
using Gateway.Revoke.Shared;
using Microsoft.AspNetCore.WebUtilities;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers;

namespace Gateway.Revoke;

/// <summary>
/// Takes logouts from authorization servers, and refuses everything but one sound logout token.
/// </summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8.</remarks>
internal sealed class BackchannelLogout(LiveGenerations generations, Revoker revoker, ILogger<BackchannelLogout> log)
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
        var form = await BackchannelLogoutForm.ReadAsync(context, generations.Current.Bodies);
        if (form.Overloaded)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "2";
            return true;
        }

        if (form.Token is not { } token)
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

        var issuer = receiver.Validator.Server.Settings.Issuer;
        switch (await revoker.RevokeAsync(revoker.Revocations.Of(issuer, logout, receiver.KeepFor), validation.Once))
        {
            case WriteOutcome.Seen:
                log.LogoutRefused(name, "replay");
                await RefuseAsync(context);
                return true;
            case WriteOutcome.Unavailable:
                // In force here; who announced it is to say it again, perhaps where it can be written.
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = "5";
                return true;
        }

        log.LogoutAccepted(name, logout.Session is not null, logout.Subject is not null);
        context.Response.ContentLength = 0;
        return true;
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
    private const int FirstLength = 4 * 1024;

    /// <summary>The token, null when the body is not a form with exactly one; or that the budget for bodies is used up, of which all who send logouts, and may be anybody, are one principal.</summary>
    public static async ValueTask<(string? Token, bool Overloaded)> ReadAsync(HttpContext context, BodyBudget bodies)
    {
        var request = context.Request;
        if (!IsForm(request) || request.ContentLength > MaxLength)
        {
            return default;
        }

        var held = bodies.For(new Principal(BackchannelLogout.PathPrefix, ""));
        try
        {
            var buffer = Array.Empty<byte>();
            var length = 0;
            while (length <= MaxLength)
            {
                if (length == buffer.Length)
                {
                    var size = Math.Clamp(buffer.Length * 2, FirstLength, MaxLength + 1);
                    if (!held.TryGrow(size))
                    {
                        return (null, true);
                    }

                    Array.Resize(ref buffer, size);
                }

                var read = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (read == 0)
                {
                    return (Token(System.Text.Encoding.UTF8.GetString(buffer, 0, length)), false);
                }

                length += read;
            }

            return default;
        }
        catch (BadHttpRequestException)
        {
            return default;
        }
        finally
        {
            held.Dispose();
        }
    }

    // The form's own encoding leaves nothing but ASCII, of which UTF-8 is one more name.
    private static bool IsForm(HttpRequest request) =>
        request.Headers.ContentEncoding.All(coding => "identity".Equals(coding, StringComparison.OrdinalIgnoreCase))
        && MediaType.Parse(request.ContentType) is { } type
        && type.Is("application/x-www-form-urlencoded")
        && type["charset"]?.ToLowerInvariant() is null or "utf-8" or "us-ascii";

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
