using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
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
    : ReceivingEndpoint<SecurityEventReceiver>("/security-events/", "application/secevent+jwt", MaxLength, generations, clock)
{
    private const int MaxLength = 16 * 1024;

    protected override Unsound BodyFault { get; } = new("invalid_request", "body");

    protected override FrozenDictionary<string, SecurityEventReceiver> ReceiversOf(Generation generation) => generation.Events;

    protected override Unsound? SenderFault(HttpRequest request, SecurityEventReceiver receiver) =>
        receiver.Admits(request) ? null : new("authentication_failed", "credentials");

    protected override async Task<Unsound?> TakeAsync(HttpContext context, SecurityEventReceiver receiver, ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
        {
            return BodyFault;
        }

        var response = context.Response;
        var validation = await receiver.Validator.ValidateAsync(Encoding.Latin1.GetString(body.Span).AsMemory(), context.RequestAborted);
        if (validation.Error is { } error)
        {
            return new(error, validation.Check!);
        }

        if (validation.Subjects.Length > 0 && await revoker.RevokeAsync(Of(receiver, validation.Subjects), validation.Once) == WriteOutcome.Unavailable)
        {
            AskAgain(response);
            return null;
        }

        foreach (var name in validation.Events)
        {
            metrics.SecurityEvent(receiver.Name, name);
        }

        log.EventAccepted(receiver.Name, string.Join(' ', validation.Events), validation.Subjects.Length > 0);
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentLength = 0;
        return null;
    }

    protected override string Refuse(HttpResponse response, SecurityEventReceiver receiver, Unsound fault)
    {
        log.EventRefused(receiver.Name, fault.Check);
        response.Headers.ContentLanguage = "en";
        return $$"""{"err":"{{fault.Error}}","description":"The security event token is not acceptable here: {{fault.Check}}."}""";
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
}

/// <summary>How events about one authorization server's tokens are checked, and how long what they revoke stays revoked.</summary>
/// <param name="Name">The authorization server's name.</param>
/// <param name="Validator">Checks them.</param>
/// <param name="Token">The digest of the token that their sender shows; null: anybody is admitted.</param>
/// <param name="KeepFor">How long what they revoke stays revoked.</param>
internal sealed record SecurityEventReceiver(string Name, SecurityEventValidator Validator, CredentialFile<byte[]>? Token, TimeSpan KeepFor)
{
    // Who has a new token is believed at once, more or less; and anybody may post, at whose will no disk is read.
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);

    /// <summary>The token of a file, as it is now.</summary>
    public static CredentialFile<byte[]>? TokenOf(string? file, TimeProvider clock) =>
        file is null ? null : new("TokenFile", file, FileContent.Secret, DigestOf, clock, Often);

    /// <summary>Whether the sender has shown the token of the file; without the file nobody can.</summary>
    public bool Admits(HttpRequest request)
    {
        const string scheme = "Bearer ";
        return Token is null
            || (request.Headers.Authorization is [{ } line] && line.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
                && Token.TryRead(out var expected, out _) && CryptographicOperations.FixedTimeEquals(expected, SHA256.HashData(Encoding.UTF8.GetBytes(line[scheme.Length..].Trim()))));
    }

    private static byte[] DigestOf(byte[] content)
    {
        var token = content.AsSpan().Trim(" \r\n\t"u8);
        return token.IsEmpty ? throw new FormatException() : SHA256.HashData(token);
    }
}

internal static partial class SecurityEventLog
{
    [LoggerMessage(1111, LogLevel.Information, "Security events about {AuthorizationServer} were accepted: {Events} (revoked: {Revoked})", EventName = "SecurityEventAccepted")]
    public static partial void EventAccepted(this ILogger logger, string authorizationServer, string events, bool revoked);

    [LoggerMessage(1112, LogLevel.Warning, "A security event sent to {AuthorizationServer}'s endpoint was refused: {Check}", EventName = "SecurityEventRefused")]
    public static partial void EventRefused(this ILogger logger, string authorizationServer, string check);
}
