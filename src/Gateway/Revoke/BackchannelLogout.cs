using System.Collections.Frozen;
using System.Text;
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
    : ReceivingEndpoint<LogoutReceiver>("/backchannel-logout/", SmallBody.Form, MaxLength, generations, clock)
{
    // A token is at most 16 KiB; parameters that nobody knows are ignored, but not read without end.
    private const int MaxLength = 32 * 1024;

    protected override Unsound BodyFault { get; } = Fault("form");

    protected override FrozenDictionary<string, LogoutReceiver> ReceiversOf(Generation generation) => generation.Logouts;

    protected override async Task<Unsound?> TakeAsync(HttpContext context, LogoutReceiver receiver, ReadOnlyMemory<byte> body)
    {
        if (TokenIn(Encoding.UTF8.GetString(body.Span)) is not { } token)
        {
            return BodyFault;
        }

        var validation = await receiver.Validator.ValidateAsync(token.AsMemory(), context.RequestAborted);
        if (validation.Logout is not { } logout)
        {
            return Fault(validation.Refusal!);
        }

        var issuer = receiver.Validator.Server.Settings.Issuer;
        switch (await revoker.RevokeAsync(revoker.Revocations.Of(issuer, logout, receiver.KeepFor), validation.Once))
        {
            case WriteOutcome.Seen:
                return Fault("replay");
            case WriteOutcome.Unavailable:
                AskAgain(context.Response);
                return null;
        }

        log.LogoutAccepted(receiver.Validator.Server.Settings.Name, logout.Session is not null, logout.Subject is not null);
        context.Response.ContentLength = 0;
        return null;
    }

    protected override string Refuse(HttpResponse response, LogoutReceiver receiver, Unsound fault)
    {
        log.LogoutRefused(receiver.Validator.Server.Settings.Name, fault.Check);
        return $$"""{"error":"{{fault.Error}}"}""";
    }

    private static Unsound Fault(string check) => new("invalid_request", check);

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
}

/// <summary>How logouts of one authorization server are checked, and how long what they revoke stays revoked.</summary>
internal sealed record LogoutReceiver(LogoutTokenValidator Validator, TimeSpan KeepFor);

internal static partial class BackchannelLogoutEvents
{
    [LoggerMessage(1101, LogLevel.Information, "Logout announced by {AuthorizationServer} was carried out (session: {Session}, subject: {Subject})", EventName = "LogoutAccepted")]
    public static partial void LogoutAccepted(this ILogger logger, string authorizationServer, bool session, bool subject);

    [LoggerMessage(1102, LogLevel.Warning, "Logout announced to {AuthorizationServer}'s endpoint was refused: {Check}", EventName = "LogoutRefused")]
    public static partial void LogoutRefused(this ILogger logger, string authorizationServer, string check);
}
