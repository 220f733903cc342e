using System.Runtime.InteropServices;
using Gateway.Configuration.Options;

namespace Gateway.Observe;

/// <summary>
/// The audit file: a bounded queue and one writer, so that a request waits for the disk only when the queue is full and
/// <c>OnFull</c> says <c>block</c>. The path is opened afresh at most once a second, before a write: whichever way the file
/// was rotated (renamed, deleted, truncated, its link swapped), the next events are where the path leads.
/// </summary>
internal sealed class AuditFile : IAsyncDisposable
{
    internal const int QueueLength = 4096;
    private const int BatchBytes = 64 * 1024;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the writer rests after a write. A line that comes alone is written at once; of thousands in a second those that come
    /// meanwhile are written together, and wake nobody, which for each of them would cost more than making it. Whoever kills the
    /// process loses what came in that time.
    /// </summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(5);

    private readonly string path;
    private readonly bool drop;
    private readonly GatewayMetrics metrics;
    private readonly ILogger logger;
    private readonly TimeProvider clock;
    private readonly LineQueue queue;
    private readonly CancellationTokenSource stopping;
    private readonly Task writing;
    private FileStream? stream;
    private long opened;
    private bool failed;
    private bool endsMidway;

    public AuditFile(string path, AuditOnFull onFull, GatewayMetrics metrics, ILogger logger, TimeProvider clock, int queueLength = QueueLength)
    {
        this.path = path;
        drop = onFull == AuditOnFull.Drop;
        this.metrics = metrics;
        this.logger = logger;
        this.clock = clock;
        queue = new LineQueue(queueLength);
        stopping = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        Open();
        endsMidway = EndsMidway();
        writing = Task.Factory.StartNew(WriteAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Queues one event; the bytes are copied before this returns.</summary>
    public ValueTask WriteAsync(ReadOnlySpan<byte> text)
    {
        if (queue.TryAdd(text))
        {
            return ValueTask.CompletedTask;
        }

        if (!drop)
        {
            return WaitAsync(queue.AddAsync(text));
        }

        metrics.AuditDropped(1);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes what is queued; events that cannot be written within five seconds are counted and named as lost.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Close();
        stopping.CancelAfter(LastTry);

        // A moment longer than the writer takes by itself, for one that hangs in the kernel: a pipe that nobody reads, a
        // network disk that is gone. It is left there with its file and ends with the process.
        await writing.WaitAsync(LastTry + Second, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (writing.IsCompleted)
        {
            Close();
            stopping.Dispose();
            return;
        }

        Lose(queue.Abandon(), named: true);
    }

    private async ValueTask WaitAsync(Task<bool> queued)
    {
        if (!await queued)
        {
            metrics.AuditDropped(1);
        }
    }

    /// <summary>On a thread of its own: the thread pool's look for more work for a while after each of its own, hundreds of times a second.</summary>
    private void WriteAll()
    {
        while (queue.Take(out var taken))
        {
            while (!taken.IsEmpty)
            {
                var batch = taken[..EndOfBatch(taken.Span)];
                WriteBatch(batch.Span);
                taken = taken[batch.Length..];
            }

            Thread.Sleep(Pace);
        }
    }

    /// <summary>Where the lines end that are written at once: after the first that passes <see cref="BatchBytes"/>.</summary>
    private static int EndOfBatch(ReadOnlySpan<byte> lines) =>
        lines.Length <= BatchBytes ? lines.Length : BatchBytes + lines[BatchBytes..].IndexOf((byte)'\n') + 1;

    private void WriteBatch(ReadOnlySpan<byte> batch)
    {
        var lines = batch.Count((byte)'\n');
        while (!TryWrite(batch))
        {
            if (drop)
            {
                LoseTaken(lines, named: false);
                return;
            }

            try
            {
                Task.Delay(Second, clock, stopping.Token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                LoseTaken(lines, named: true);
                return;
            }
        }

        queue.Settle(lines);
    }

    /// <summary>Counts lines that were taken as lost; unless the writer was given up, when all of them were.</summary>
    private void LoseTaken(int lines, bool named)
    {
        if (queue.Settle(lines))
        {
            Lose(lines, named);
        }
    }

    private void Lose(int lines, bool named)
    {
        metrics.AuditDropped(lines);
        if (named)
        {
            logger.AuditFileLost(path, lines);
        }
    }

    private bool TryWrite(ReadOnlySpan<byte> batch)
    {
        try
        {
            if (stream is null || clock.GetElapsedTime(opened) >= Second)
            {
                Open();
            }

            // At the end as it is now, where the kernel does not see to it (Append): whoever rotates by copying and truncating moves it.
            if (stream!.CanSeek)
            {
                stream.Seek(0, SeekOrigin.End);
            }

            if (endsMidway)
            {
                stream.Write("\n"u8);
            }

            stream.Write(batch);
            endsMidway = false;
            if (failed)
            {
                failed = false;
                logger.AuditFileRecovered(path);
            }

            return true;
        }
        catch (Exception exception)
        {
            // It may have left half a line behind.
            endsMidway = true;
            if (!failed)
            {
                failed = true;

                // The system's own text of what it lacks: room, a right, a directory.
                logger.AuditFileFailed(path, exception is IOException or UnauthorizedAccessException ? exception.Message : exception.GetType().Name);
            }

            Close();
            return false;
        }
    }

    /// <summary>Whether there is half a line at the end, which a gateway before left on a disk that was full, or when it was killed. Where nobody can tell, an empty line costs a reader nothing.</summary>
    private bool EndsMidway()
    {
        try
        {
            if (!stream!.CanSeek || stream.Length == 0)
            {
                return false;
            }

            using var written = new FileStream(path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 });
            written.Seek(-1, SeekOrigin.End);
            return written.ReadByte() != '\n';
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private void Open()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path, options);
        try
        {
            Append(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        Close();
        stream = file;
        opened = clock.GetTimestamp();
    }

    /// <summary>
    /// Has the kernel find the end in the moment of each write: another gateway may write to the same file, and whoever rotates by copying may
    /// truncate it just then. .NET opens no file so, and elsewhere than on Linux that moment is a little earlier.
    /// </summary>
    private static void Append(FileStream file)
    {
        if (OperatingSystem.IsLinux() && FileDescriptors.Control(file.SafeFileHandle, FileDescriptors.SetStatusFlags, FileDescriptors.Append) < 0)
        {
            throw new IOException($"The file cannot be appended to: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    private void Close()
    {
        try
        {
            stream?.Dispose();
        }
        catch (IOException)
        {
            // Nothing is buffered here; what could not be written was not.
        }

        stream = null;
    }
}
