namespace Gateway.Observe;

/// <summary>The events of this folder: 6000 to 6999.</summary>
internal static partial class ObserveEvents
{
    // The message of an audit event is the JSON text and nothing else; consumers parse it.
    [LoggerMessage(6000, LogLevel.Information, "{Event}", EventName = AuditEvent.Allowed, SkipEnabledCheck = true)]
    internal static partial void RequestAllowed(this ILogger logger, string @event);

    [LoggerMessage(6001, LogLevel.Information, "{Event}", EventName = AuditEvent.Refused, SkipEnabledCheck = true)]
    internal static partial void RequestRefused(this ILogger logger, string @event);

    [LoggerMessage(6005, LogLevel.Information, "{Event}", EventName = RevocationRecord.Event, SkipEnabledCheck = true)]
    internal static partial void Revocation(this ILogger logger, string @event);

    [LoggerMessage(6002, LogLevel.Error, "The audit file {File} cannot be written: {Error}. Events wait, or are dropped as configured.", EventName = "AuditFileFailed")]
    internal static partial void AuditFileFailed(this ILogger logger, string file, string error);

    [LoggerMessage(6003, LogLevel.Information, "The audit file {File} can be written again", EventName = "AuditFileRecovered")]
    internal static partial void AuditFileRecovered(this ILogger logger, string file);

    [LoggerMessage(6004, LogLevel.Error, "{Count} audit events could not be written to {File} before the gateway stopped", EventName = "AuditFileLost")]
    internal static partial void AuditFileLost(this ILogger logger, string file, int count);

    [LoggerMessage(6010, LogLevel.Information, "Management listens on {Address}", EventName = "ManagementListening")]
    internal static partial void ManagementListening(this ILogger logger, string? address);

    [LoggerMessage(6011, LogLevel.Error, "A management request failed: {Error}", EventName = "ManagementFailed")]
    internal static partial void ManagementFailed(this ILogger logger, string error);
}
