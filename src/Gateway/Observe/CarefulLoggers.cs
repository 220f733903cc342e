using System.Collections.Frozen;

namespace Gateway.Observe;

/// <summary>
/// Gives every log an exception by its kinds and its stack alone, whoever logs it: the gateway, the web server, YARP or a
/// library. What a peer or a caller wrote stands in the texts of exceptions, and no log is told those.
/// </summary>
internal sealed class CarefulLoggers(ILoggerFactory loggers) : ILoggerFactory
{
    /// <summary>
    /// What Kestrel says as an error, or as critical, and any caller can bring about; it closes the connection, and nothing is wrong.
    /// Of a body of which a read was given up: by sending slowly, which the audit tells as what it is (408). Of a connection of HTTP/2
    /// with more to tell than may wait, and of what is left of it: by resetting streams without a pause, with or without a token.
    /// </summary>
    private static readonly FrozenSet<string> BroughtAbout = FrozenSet.Create("RequestBodyDrainBodyReaderInvalidState", "Http2QueueOperationsExceeded", "ApplicationNeverCompleted");

    public ILogger CreateLogger(string categoryName) => new Careful(loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    public void Dispose() => loggers.Dispose();

    private sealed class Careful(ILogger log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Log(eventId.Name is { } name && BroughtAbout.Contains(name) ? LogLevel.Debug : logLevel, eventId, state, exception is null ? null : new ToldException(exception), formatter);
    }

    /// <summary>Stands in a log for an exception.</summary>
    private sealed class ToldException(Exception exception) : Exception(Fault.Kinds(exception))
    {
        private readonly string trace = Fault.Trace(exception);

        public override string? StackTrace => trace;

        public override string ToString() => trace;
    }
}
