using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Gateway.Advertise;
using Gateway.Authorize.Bodies;
using Gateway.Generations;
using Gateway.Observe;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Issuers.Files;

namespace Gateway.Revoke;

/// <summary>
/// Takes security events: what an authorization server, or whoever watches over its users, says has happened to a session,
/// an account or a token. Refuses everything but one sound security event token.
/// </summary>
/// <remarks>RFC 8935 §2.</remarks>
internal sealed class SecurityEvents(LiveGenerations generations, Revoker revoker, GatewayMetrics metrics, TimeProvider clock, ILogger<SecurityEvents> log)
{
    public const string PathPrefix = "/security-events/";
    private const int MaxLength = 16 * 1024;

    /// <summary>Serves the request when its path is that of a server whose events are taken.</summary>
    public async ValueTask<bool> TryServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.StartsWith(PathPrefix, StringComparison.Ordinal) || !generations.Current.Events.TryGetValue(path[PathPrefix.Length..], out var receiver))
        {
            return false;
        }

        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            response.Headers.Allow = "POST";
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return true;
        }

        if (!receiver.Admits(context.Request))
        {
            await RefuseAsync(context, receiver, "authentication_failed", "credentials");
            return true;
        }

        using var body = await SmallBody.ReadAsync(context, PathPrefix, "application/secevent+jwt", MaxLength, generations.Current.Bodies, clock);
        switch (body)
        {
            case SmallBody.Read { Bytes.Length: > 0 } read:
                await TakeAsync(context, receiver, read.Bytes);
                return true;
            case SmallBody.Read or SmallBody.Unfit:
                await RefuseAsync(context, receiver, "invalid_request", "body");
                return true;
            case SmallBody.Overloaded:
                SmallBody.Overloaded.Tell(response);
                return true;
            default:
                throw new UnreachableException();
        }
    }

    private async Task TakeAsync(HttpContext context, SecurityEventReceiver receiver, ReadOnlyMemory<byte> token)
    {
        var response = context.Response;
        var validation = await receiver.Validator.ValidateAsync(Encoding.Latin1.GetString(token.Span).AsMemory(), context.RequestAborted);
        if (validation.Error is { } error)
        {
            await RefuseAsync(context, receiver, error, validation.Check!);
            return;
        }

        if (validation.Subjects.Length > 0 && await revoker.RevokeAsync(Of(receiver, validation.Subjects), validation.Once) == WriteOutcome.Unavailable)
        {
            // In force here; who sent it is to send it again, perhaps where it can be written.
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            RefusalWriter.ComeBackAfter(response, Refusal.ComeBack);
            return;
        }

        foreach (var name in validation.Events)
        {
            metrics.SecurityEvent(receiver.Name, name);
        }

        log.EventAccepted(receiver.Name, string.Join(' ', validation.Events), validation.Subjects.Length > 0);
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentLength = 0;
    }

    private Revocation[] Of(SecurityEventReceiver receiver, ImmutableArray<SecurityEventSubject> subjects) =>
    [
        .. from subject in subjects
           from selected in SelectorsOf(subject)
           group subject.IssuedUntil by selected into same
           select Revocation.Of(
               revoker.Revocations.Keys,
               same.Key.Selector,
               receiver.Validator.Issuer,
               same.Key.Value,
               same.Max(),
               receiver.KeepFor,
               RevocationSource.SecurityEvent,
               anyTime: same.Key.Selector == RevocationSelector.TokenId),
    ];

    private static IEnumerable<(RevocationSelector Selector, string Value)> SelectorsOf(SecurityEventSubject subject)
    {
        if (subject.TokenId is { } id)
        {
            yield return (RevocationSelector.TokenId, id);
            yield break;
        }

        if (subject.Session is { } session)
        {
            yield return (RevocationSelector.Session, session);
        }

        if (subject.Subject is { } name)
        {
            yield return (subject.Session is null ? RevocationSelector.Subject : RevocationSelector.SubjectWithoutSession, name);
        }
    }

    private async Task RefuseAsync(HttpContext context, SecurityEventReceiver receiver, string error, string check)
    {
        log.EventRefused(receiver.Name, check);
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "application/json";
        context.Response.Headers.ContentLanguage = "en";
        await context.Response.WriteAsync($$"""{"err":"{{error}}","description":"The security event token is not acceptable here: {{check}}."}""", context.RequestAborted);
    }
}

/// <summary>How events about one authorization server's tokens are checked, and how long what they revoke stays revoked.</summary>
internal sealed record SecurityEventReceiver(string Name, SecurityEventValidator Validator, string? TokenFile, TimeSpan KeepFor)
{
    /// <summary>Whether the sender has shown the token of the file; anybody is admitted without one.</summary>
    public bool Admits(HttpRequest request)
    {
        if (TokenFile is null)
        {
            return true;
        }

        const string scheme = "Bearer ";
        if (request.Headers.Authorization is not [{ } line] || !line.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        byte[]? expected = null;
        try
        {
            expected = PrivateFile.Read(TokenFile, FileContent.Secret);
            return CryptographicOperations.FixedTimeEquals(SHA256.HashData(expected.AsSpan().Trim(" \r\n\t"u8)), SHA256.HashData(Encoding.UTF8.GetBytes(line[scheme.Length..].Trim())));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PrivateFileException)
        {
            // Without the file nobody can show what is in it.
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(expected);
        }
    }
}

internal static partial class SecurityEventLog
{
    [LoggerMessage(1111, LogLevel.Information, "Security events about {AuthorizationServer} were accepted: {Events} (revoked: {Revoked})", EventName = "SecurityEventAccepted")]
    public static partial void EventAccepted(this ILogger logger, string authorizationServer, string events, bool revoked);

    [LoggerMessage(1112, LogLevel.Warning, "A security event sent to {AuthorizationServer}'s endpoint was refused: {Check}", EventName = "SecurityEventRefused")]
    public static partial void EventRefused(this ILogger logger, string authorizationServer, string check);
}
