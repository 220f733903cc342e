using System.Diagnostics;
using System.Text;
using Gateway.Advertise;
using Gateway.Authorize.Bodies;
using Gateway.Generations;
using Gateway.Revoke.Shared;
using Microsoft.AspNetCore.WebUtilities;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Revoke;

/// <summary>
/// Takes logouts from authorization servers, and refuses everything but one sound logout token.
/// </summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8.</remarks>
internal sealed class BackchannelLogout(LiveGenerations generations, Revoker revoker, TimeProvider clock, ILogger<BackchannelLogout> log)
{
    public const string PathPrefix = "/backchannel-logout/";

    // A token is at most 16 KiB; parameters that nobody knows are ignored, but not read without end.
    private const int MaxLength = 32 * 1024;

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

        using var form = await SmallBody.ReadAsync(context, PathPrefix, SmallBody.Form, MaxLength, generations.Current.Bodies, clock);
        switch (form)
        {
            case SmallBody.Read read when TokenIn(Encoding.UTF8.GetString(read.Bytes.Span)) is { } token:
                await TakeAsync(context, receiver, token);
                return true;
            case SmallBody.Read or SmallBody.Unfit:
                await RefuseAsync(context, receiver, "form");
                return true;
            case SmallBody.Overloaded:
                SmallBody.Overloaded.Tell(context.Response);
                return true;
            default:
                throw new UnreachableException();
        }
    }

    private async Task TakeAsync(HttpContext context, LogoutReceiver receiver, string token)
    {
        var validation = await receiver.Validator.ValidateAsync(token.AsMemory(), context.RequestAborted);
        if (validation.Logout is not { } logout)
        {
            await RefuseAsync(context, receiver, validation.Refusal!);
            return;
        }

        var issuer = receiver.Validator.Server.Settings.Issuer;
        switch (await revoker.RevokeAsync(revoker.Revocations.Of(issuer, logout, receiver.KeepFor), validation.Once))
        {
            case WriteOutcome.Seen:
                await RefuseAsync(context, receiver, "replay");
                return;
            case WriteOutcome.Unavailable:
                // In force here; who announced it is to say it again, perhaps where it can be written.
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                RefusalWriter.ComeBackAfter(context.Response, Refusal.ComeBack);
                return;
        }

        log.LogoutAccepted(receiver.Validator.Server.Settings.Name, logout.Session is not null, logout.Subject is not null);
        context.Response.ContentLength = 0;
    }

    /// <summary>The one <c>logout_token</c> of a form; null when there is none, or more than one.</summary>
    private static string? TokenIn(string form)
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

    private Task RefuseAsync(HttpContext context, LogoutReceiver receiver, string check)
    {
        log.LogoutRefused(receiver.Validator.Server.Settings.Name, check);
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("""{"error":"invalid_request"}""", context.RequestAborted);
    }
}

/// <summary>How logouts of one authorization server are checked, and how long what they revoke stays revoked.</summary>
internal sealed record LogoutReceiver(LogoutTokenValidator Validator, TimeSpan KeepFor);

internal static partial class BackchannelLogoutEvents
{
    [LoggerMessage(1101, LogLevel.Information, "Logout announced by {AuthorizationServer} was carried out (session: {Session}, subject: {Subject})", EventName = "LogoutAccepted")]
    public static partial void LogoutAccepted(this ILogger logger, string authorizationServer, bool session, bool subject);

    [LoggerMessage(1102, LogLevel.Warning, "Logout announced to {AuthorizationServer}'s endpoint was refused: {Check}", EventName = "LogoutRefused")]
    public static partial void LogoutRefused(this ILogger logger, string authorizationServer, string check);

    [LoggerMessage(1103, LogLevel.Information, "{AuthorizationServer} says that a token is not active any more; what was exchanged for its subject was dropped", EventName = "TokenInactive")]
    public static partial void TokenInactive(this ILogger logger, string authorizationServer);
}
