namespace Gateway.Bridge;

/// <summary>Whom a process works for: gets what it writes, one line at a time; what it awaits, the process waits for.</summary>
internal interface IReceiver
{
    /// <summary>Takes a message.</summary>
    ValueTask ReceivedAsync(Child from, Message message);

    /// <summary>
    /// Decides what becomes of a line that is too long to be a message. <paramref name="outline"/> reads it to its end and
    /// gives what it says of itself (<see cref="MessageOutline"/>), null when that cannot be told; the line is skipped when it is not asked.
    /// </summary>
    ValueTask TooLongAsync(Child from, Func<ValueTask<Message?>> outline);
}
