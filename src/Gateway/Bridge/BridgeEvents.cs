namespace Gateway.Bridge;

/// <summary>The events of this folder: 9000 to 9099. None holds a message or an argument of the command, which may be secret.</summary>
internal static partial class BridgeEvents
{
    [LoggerMessage(9001, LogLevel.Information, "Serving {Command} at {Address}", EventName = "BridgeListening")]
    internal static partial void BridgeListening(this ILogger logger, string command, string address);

    [LoggerMessage(9002, LogLevel.Information, "Process {Id} started", EventName = "ChildStarted")]
    internal static partial void ChildStarted(this ILogger logger, int id);

    [LoggerMessage(9003, LogLevel.Information, "Process {Id} ended ({Status})", EventName = "ChildEnded")]
    internal static partial void ChildEnded(this ILogger logger, int id, string status);

    [LoggerMessage(9004, LogLevel.Warning, "Process {Id} did not end by itself and gets {Signal}", EventName = "ChildSignalled")]
    internal static partial void ChildSignalled(this ILogger logger, int id, string signal);

    [LoggerMessage(9005, LogLevel.Error, "The command cannot be started: {Error}", EventName = "ChildNotStarted")]
    internal static partial void ChildNotStarted(this ILogger logger, string error);

    [LoggerMessage(9006, LogLevel.Warning, "Process {Id} wrote a line to its standard output that is not one JSON-RPC message; it goes to nobody", EventName = "ChildLineRefused")]
    internal static partial void ChildLineRefused(this ILogger logger, int id);

    [LoggerMessage(9007, LogLevel.Error, "Process {Id} wrote a line of more than {Limit} bytes; no message is that long", EventName = "ChildLineTooLong")]
    internal static partial void ChildLineTooLong(this ILogger logger, int id, int limit);

    [LoggerMessage(9008, LogLevel.Debug, "A message of process {Id} belongs to nobody", EventName = "MessageUnclaimed")]
    internal static partial void MessageUnclaimed(this ILogger logger, int id);

    [LoggerMessage(9009, LogLevel.Information, "{Id}: {Text}", EventName = "ChildSays")]
    internal static partial void ChildSays(this ILogger logger, int id, string text);

    [LoggerMessage(9010, LogLevel.Warning, "{Count} lines of process {Id} are left out", EventName = "ChildLinesLeftOut")]
    internal static partial void ChildLinesLeftOut(this ILogger logger, int id, long count);

    [LoggerMessage(9011, LogLevel.Warning, "The variable {Name} is not set; the command does not get it", EventName = "VariableMissing")]
    internal static partial void VariableMissing(this ILogger logger, string name);

    [LoggerMessage(9012, LogLevel.Error, "A request failed: {Error}", EventName = "BridgeFailed")]
    internal static partial void BridgeFailed(this ILogger logger, string error);
}
