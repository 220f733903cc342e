using System.Buffers;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Gateway.Configuration.Options;

namespace Gateway.Observe;

/// <summary>
/// The audit file: a bounded queue and one writer, so that a request waits for the disk only when the queue is full and
/// <c>OnFull</c> says <c>block</c>. The path is opened afresh at most once a second, before a write: whichever way the file
/// was rotated (renamed, deleted, truncated, its link swapped), the next events are where the path leads.
/// </summary>
internal sealed partial class AuditFile : IAsyncDisposable
{
    internal const int QueueLength = 4096;
    private const int BatchBytes = 64 * 1024;

    /// <summary>Of fcntl(2), on Linux.</summary>
    private const int SetStatusFlags = 4;
    private const int AppendFlag = 0x400;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the writer rests after a write. A line that comes alone is written at once; of thousands in a second those that come
    /// meanwhile are written together, and wake nobody, which for each of them would cost more than making it.
    /// </summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly bool _drop;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly Channel<Line> _queue;
    private readonly CancellationTokenSource _stopping;
    private readonly Task _writing;
    private readonly Lock _hand = new();
    private int _inHand;
    private bool _abandoned;
    private FileStream? _stream;
    private long _opened;
    private bool _failed;

    public AuditFile(string path, AuditOnFull onFull, GatewayMetrics metrics, ILogger logger, TimeProvider clock, int queueLength = QueueLength)
    {
        _path = path;
        _drop = onFull == AuditOnFull.Drop;
        _metrics = metrics;
        _logger = logger;
        _clock = clock;
        _queue = Channel.CreateBounded<Line>(new BoundedChannelOptions(queueLength) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _stopping = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        Open();
        _writing = Task.Factory.StartNew(WriteAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Queues one event; the bytes are copied before this returns.</summary>
    public ValueTask WriteAsync(ReadOnlySpan<byte> text)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(text.Length + 1);
        text.CopyTo(buffer);
        buffer[text.Length] = (byte)'\n';
        var line = new Line(buffer, text.Length + 1);
        if (_queue.Writer.TryWrite(line))
        {
            return ValueTask.CompletedTask;
        }

        if (!_drop)
        {
            return WaitAsync(line);
        }

        Drop(line);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes what is queued; events that cannot be written within five seconds are counted and named as lost.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        _stopping.CancelAfter(LastTry);

        // A moment longer than the writer takes by itself, for one that hangs in the kernel: a pipe that nobody reads, a
        // network disk that is gone. It is left there with its file and ends with the process.
        await _writing.WaitAsync(LastTry + Second, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_writing.IsCompleted)
        {
            Close();
            _stopping.Dispose();
            return;
        }

        lock (_hand)
        {
            Lose(_queue.Reader.Count, named: true);
            _abandoned = true;
        }
    }

    private async ValueTask WaitAsync(Line line)
    {
        try
        {
            await _queue.Writer.WriteAsync(line);
        }
        catch (ChannelClosedException)
        {
            Drop(line);
        }
    }

    /// <summary>On a thread of its own: the thread pool's look for more work for a while after each of its own, a thousand times a second.</summary>
    private void WriteAll()
    {
        var batch = new ArrayBufferWriter<byte>(BatchBytes * 2);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.ResetWrittenCount();
            lock (_hand)
            {
                while (batch.WrittenCount < BatchBytes && _queue.Reader.TryRead(out var line))
                {
                    batch.Write(line.Buffer.AsSpan(0, line.Length));
                    ArrayPool<byte>.Shared.Return(line.Buffer);
                    _inHand++;
                }
            }

            WriteBatch(batch.WrittenSpan);
            lock (_hand)
            {
                _inHand = 0;
            }

            Thread.Sleep(Pace);
        }
    }

    private void WriteBatch(ReadOnlySpan<byte> batch)
    {
        while (!TryWrite(batch))
        {
            if (_drop)
            {
                Lose(0, named: false);
                return;
            }

            try
            {
                Task.Delay(Second, _clock, _stopping.Token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                Lose(0, named: true);
                return;
            }
        }
    }

    /// <summary>Counts what is in hand, and so many that are queued, as lost; unless the writer was given up, when all of them were.</summary>
    private void Lose(int queued, bool named)
    {
        lock (_hand)
        {
            if (_abandoned)
            {
                return;
            }

            var lost = _inHand + queued;
            _inHand = 0;
            _metrics.AuditDropped(lost);
            if (named)
            {
                _logger.AuditFileLost(_path, lost);
            }
        }
    }

    private bool TryWrite(ReadOnlySpan<byte> batch)
    {
        try
        {
            if (_stream is null || _clock.GetElapsedTime(_opened) >= Second)
            {
                Open();
            }

            // At the end as it is now, where the kernel does not see to it (Append): whoever rotates by copying and truncating moves it.
            if (_stream!.CanSeek)
            {
                _stream.Seek(0, SeekOrigin.End);
            }

            if (_failed)
            {
                // The write that failed may have left half a line behind.
                _stream.Write("\n"u8);
            }

            _stream.Write(batch);
            if (_failed)
            {
                _failed = false;
                _logger.AuditFileRecovered(_path);
            }

            return true;
        }
        catch (Exception exception)
        {
            if (!_failed)
            {
                _failed = true;
                _logger.AuditFileFailed(_path, exception.GetType().Name);
            }

            Close();
            return false;
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

        var opened = new FileStream(_path, options);
        try
        {
            Append(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }

        Close();
        _stream = opened;
        _opened = _clock.GetTimestamp();
    }

    /// <summary>
    /// Has the kernel find the end in the moment of each write: another gateway may write to the same file, and whoever rotates by copying may
    /// truncate it just then. .NET opens no file so, and elsewhere than on Linux that moment is a little earlier.
    /// </summary>
    private static void Append(FileStream file)
    {
        if (OperatingSystem.IsLinux() && SetFlags(file.SafeFileHandle, SetStatusFlags, AppendFlag) < 0)
        {
            throw new IOException($"The file cannot be appended to: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetFlags(SafeHandle descriptor, int command, int flags);

    private void Close()
    {
        try
        {
            _stream?.Dispose();
        }
        catch (IOException)
        {
            // Nothing is buffered here; what could not be written was not.
        }

        _stream = null;
    }

    private void Drop(Line line)
    {
        ArrayPool<byte>.Shared.Return(line.Buffer);
        _metrics.AuditDropped(1);
    }

    private readonly record struct Line(byte[] Buffer, int Length);
}
