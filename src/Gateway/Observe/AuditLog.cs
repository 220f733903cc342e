using System.Diagnostics;
using System.Text;
using Gateway.Configuration.Options;

namespace Gateway.Observe;

/// <summary>
/// Where the path of every request ends: one JSON object on the log category <c>Gateway.Audit</c> and, when configured, one
/// line in a file. Both get the same bytes.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    public const string Category = "Gateway.Audit";

    private readonly ILogger logger;
    private readonly AuditFile? file;
    private readonly GatewayMetrics metrics;
    private readonly int mostWaiting;
    private int waiting;

    /// <summary>Opens the file; throws what opening a file throws, so that a gateway that cannot audit does not start.</summary>
    public AuditLog(AuditOptions options, ILoggerFactory loggers, GatewayMetrics metrics, TimeProvider clock, int queueLength = AuditFile.QueueLength)
    {
        logger = loggers.CreateLogger(Category);
        this.metrics = metrics;
        mostWaiting = queueLength;
        file = options.File is null ? null : new AuditFile(options.File, options.OnFull, metrics, loggers.CreateLogger<AuditFile>(), clock, queueLength);
    }

    /// <summary>Whether anybody gets what is written.</summary>
    public bool IsHeard => file is not null || logger.IsEnabled(LogLevel.Information);

    /// <summary>
    /// Whether as many wait for the file as its queue is long. Each holds its request, also when its client has left, and for as long as
    /// the disk is full: what has not begun is then not to begin.
    /// </summary>
    public bool IsStuck => Waiting >= mostWaiting;

    /// <summary>How many wait for the file.</summary>
    internal int Waiting => Volatile.Read(ref waiting);

    /// <summary>
    /// Tells about a request. Completes at once, unless the file is behind and <c>OnFull</c> says <c>block</c>. False: the request was
    /// refused, and so many wait that it does not; without its line it gets no answer. What was sent on waits, however many do.
    /// </summary>
    public ValueTask<bool> WriteAsync(RequestRecord record, in Credentials credentials = default)
    {
        var logged = logger.IsEnabled(LogLevel.Information);
        if (!logged && file is null)
        {
            return new(true);
        }

        var line = AuditEvent.Write(record, Activity.Current?.TraceId.ToHexString(), credentials);
        if (logged)
        {
            var text = Encoding.UTF8.GetString(line);
            if (record.Allowed)
            {
                logger.RequestAllowed(text);
            }
            else
            {
                logger.RequestRefused(text);
            }
        }

        return WriteAsync(line, isOwed: record.Allowed);
    }

    /// <summary>Tells about a revocation, which waits as what was sent on does.</summary>
    public async ValueTask WriteAsync(RevocationRecord revocation)
    {
        var logged = logger.IsEnabled(LogLevel.Information);
        if (!logged && file is null)
        {
            return;
        }

        var line = revocation.Write();
        if (logged)
        {
            logger.Revocation(Encoding.UTF8.GetString(line));
        }

        await WriteAsync(line, isOwed: true);
    }

    /// <summary>Writes what is still queued.</summary>
    public ValueTask DisposeAsync() => file is null ? ValueTask.CompletedTask : file.DisposeAsync();

    private ValueTask<bool> WriteAsync(ReadOnlySpan<byte> line, bool isOwed)
    {
        if (file is null)
        {
            return new(true);
        }

        if (!isOwed && IsStuck)
        {
            metrics.AuditDropped(1);
            return new(false);
        }

        var writing = file.WriteAsync(line);
        return writing.IsCompletedSuccessfully ? new(true) : WaitAsync(writing);
    }

    private async ValueTask<bool> WaitAsync(ValueTask writing)
    {
        Interlocked.Increment(ref waiting);
        try
        {
            await writing;
            return true;
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }
}
