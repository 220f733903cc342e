using Microsoft.Extensions.Logging;

namespace TokenExchange.Outbound.Local;

internal static partial class LocalIssuerLog
{
    [LoggerMessage(2401, LogLevel.Information, "The local issuer publishes {Count} signing keys; {KeyId} signs", EventName = "SigningKeysRead")]
    internal static partial void SigningKeysRead(this ILogger logger, int count, string keyId);

    [LoggerMessage(2402, LogLevel.Error, "The changed signing keys are not used, those before them stay: {Problem}", EventName = "SigningKeysRefused")]
    internal static partial void SigningKeysRefused(this ILogger logger, string problem);

    [LoggerMessage(2403, LogLevel.Error, "The directory of the signing keys could not be read ({Error}); the keys before stay", EventName = "SigningKeysUnreadable")]
    internal static partial void SigningKeysUnreadable(this ILogger logger, string error);

    [LoggerMessage(2404, LogLevel.Warning, "{File} is no signing key: its name is not <UTC yyyyMMddTHHmmssZ>-<anything>.pem", EventName = "SigningKeyFileIgnored")]
    internal static partial void SigningKeyFileIgnored(this ILogger logger, string file);
}
