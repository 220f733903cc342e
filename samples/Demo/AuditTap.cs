using System.Threading.Channels;

namespace Demo;

/// <summary>Hears what the gateway writes to its log category <c>Gateway.Audit</c>: one JSON object per request.</summary>
internal sealed class AuditTap : ILoggerProvider, ILogger
{
    private const string Category = "Gateway.Audit";

    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    /// <summary>The next line, waited for.</summary>
    public ValueTask<string> NextAsync(CancellationToken cancellationToken) => _lines.Reader.ReadAsync(cancellationToken);

    /// <summary>The lines written since the last call. Waits up to a second for the first <paramref name="expected"/>: a line follows its answer.</summary>
    public async Task<IReadOnlyList<string>> TakeAsync(int expected, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(1));
        var lines = new List<string>();
        try
        {
            while (lines.Count < expected)
            {
                lines.Add(await _lines.Reader.ReadAsync(patience.Token));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Fewer lines than requests: what is here is shown, and the step says how many there are.
        }

        while (_lines.Reader.TryRead(out var line))
        {
            lines.Add(line);
        }

        return lines;
    }

    public ILogger CreateLogger(string categoryName) => categoryName == Category ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Writer.TryWrite(formatter(state, exception));

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
