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

    private readonly ILogger _logger;
    private readonly AuditFile? _file;

    /// <summary>Opens the file; throws what opening a file throws, so that a gateway that cannot audit does not start.</summary>
    public AuditLog(AuditOptions options, ILoggerFactory loggers, GatewayMetrics metrics, TimeProvider clock)
    {
        _logger = loggers.CreateLogger(Category);
        _file = options.File is null ? null : new AuditFile(options.File, options.OnFull, metrics, loggers.CreateLogger<AuditFile>(), clock);
    }

    /// <summary>Whether anybody gets what is written.</summary>
    public bool IsHeard => _file is not null || _logger.IsEnabled(LogLevel.Information);

    /// <summary>Tells about a request. Completes at once, unless the file is behind and <c>OnFull</c> says <c>block</c>.</summary>
    public ValueTask WriteAsync(RequestRecord record, in Credentials credentials = default)
    {
        var logged = _logger.IsEnabled(LogLevel.Information);
        if (!logged && _file is null)
        {
            return ValueTask.CompletedTask;
        }

        var line = AuditEvent.Write(record, Activity.Current?.TraceId.ToHexString(), credentials);
        if (logged)
        {
            var text = Encoding.UTF8.GetString(line);
            if (record.Allowed)
            {
                _logger.RequestAllowed(text);
            }
            else
            {
                _logger.RequestRefused(text);
            }
        }

        return _file is null ? ValueTask.CompletedTask : _file.WriteAsync(line);
    }

    /// <summary>Tells about a revocation, in the same way.</summary>
    public ValueTask WriteAsync(RevocationRecord revocation)
    {
        var logged = _logger.IsEnabled(LogLevel.Information);
        if (!logged && _file is null)
        {
            return ValueTask.CompletedTask;
        }

        var line = revocation.Write();
        if (logged)
        {
            _logger.Revocation(Encoding.UTF8.GetString(line));
        }

        return _file is null ? ValueTask.CompletedTask : _file.WriteAsync(line);
    }

    /// <summary>Writes what is still queued.</summary>
    public ValueTask DisposeAsync() => _file is null ? ValueTask.CompletedTask : _file.DisposeAsync();
}
