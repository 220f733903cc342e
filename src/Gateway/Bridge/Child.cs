using System.Globalization;

namespace Gateway.Bridge;

/// <summary>
/// One process of the stdio MCP server: messages in, messages out, and an end that leaves nothing of its process group
/// behind: its input is closed, after a grace it gets SIGTERM, after another SIGKILL.
/// </summary>
internal sealed class Child : IDisposable
{
    /// <summary>The longest message, either way.</summary>
    public const int MaxMessage = 16 * 1024 * 1024;

    /// <summary>Who writes on beyond this writes no message, and nobody hears of anything else meanwhile.</summary>
    private const long MaxSkipped = 1024L * 1024 * 1024;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    private readonly Spawned process;
    private readonly ILogger logger;
    private readonly TimeProvider clock;
    private readonly SemaphoreSlim writing = new(1);
    private readonly CancellationTokenSource over = new();
    private readonly Lock gate = new();
    private readonly Task exit;
    private readonly Task reading;
    private readonly Task logging;
    private Task? ending;

    /// <summary>Starts the command; when it throws, nothing is left of what was started.</summary>
    public Child(ChildCommand command, ChildWatch watch, ILogger logger, TimeProvider clock, IReceiver receiver)
    {
        (this.logger, this.clock, Over) = (logger, clock, over.Token);
        process = Spawn.Start(command.File, command.Arguments, command.Environment);
        try
        {
            exit = watch.ExitOf(process.Id);
            logger.ChildStarted(process.Id);
            reading = Task.Run(() => ReadAsync(receiver));
            logging = Task.Run(() => new ChildLog(process.Id, logger, clock).ReadAsync(process.Errors, CancellationToken.None));
            _ = EndWithItsProcessAsync();
        }
        catch
        {
            _ = UndoAsync(exit ?? Task.CompletedTask);
            throw;
        }
    }

    public int Id => process.Id;

    /// <summary>Is cancelled once the child's end has begun, whoever began it: nothing more comes from it.</summary>
    public CancellationToken Over { get; }

    /// <summary>Whether somebody has asked for its end; <see cref="Over"/> follows a moment later.</summary>
    public bool IsEnding
    {
        get
        {
            lock (gate)
            {
                return ending is not null;
            }
        }
    }

    /// <summary>Hands a message over; waits as long as the child does not read. False when it has gone.</summary>
    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> line, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Over);
        try
        {
            await writing.WaitAsync(either.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }

        // Once begun, a line is written whole, whoever has left meanwhile: half a line would join the next one.
        var written = WriteAsync(line);
        try
        {
            return await written.WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends the process and its group; returns when nothing of it is left. At most two graces.</summary>
    public Task EndAsync()
    {
        lock (gate)
        {
            return ending ??= Task.Run(EndCoreAsync);
        }
    }

    /// <summary>After its end alone.</summary>
    public void Dispose()
    {
        over.Dispose();
        writing.Dispose();
    }

    /// <summary>Ends at once what nobody will look after.</summary>
    private async Task UndoAsync(Task ended)
    {
        ProcessGroup.Signal(Id, Native.SignalKill);
        process.Input.Dispose();
        process.Output.Dispose();
        process.Errors.Dispose();
        await ended;
        ChildWatch.Reap(Id);
    }

    private async Task<bool> WriteAsync(ReadOnlyMemory<byte> line)
    {
        try
        {
            await process.Input.WriteAsync(line);
            await process.Input.WriteAsync(LineEnd);
            return true;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            writing.Release();
        }
    }

    private async Task ReadAsync(IReceiver receiver)
    {
        var reader = new LineReader(process.Output, MaxMessage);
        try
        {
            while (await reader.ReadAsync(CancellationToken.None) is { } line)
            {
                if (over.IsCancellationRequested)
                {
                    // Read on, so that a child that still writes gets to see the end of its input.
                }
                else if (reader.WasCut)
                {
                    logger.ChildLineTooLong(Id, MaxMessage);
                    await receiver.TooLongAsync(this, () => OutlineOfAsync(line, reader));
                }
                else if (Message.Read(line.ToArray()) is { } message)
                {
                    await receiver.ReceivedAsync(this, message);
                }
                else if (line.Span.Trim(" \r\t"u8).Length > 0)
                {
                    logger.ChildLineRefused(Id);
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process has gone.
        }
    }

    private async ValueTask<Message?> OutlineOfAsync(ReadOnlyMemory<byte> begin, LineReader reader)
    {
        var outline = new MessageOutline();
        var length = 0L;
        for (ReadOnlyMemory<byte>? piece = begin; piece is { } next; piece = await reader.ReadRestAsync(CancellationToken.None))
        {
            length += next.Length;
            if (length > MaxSkipped)
            {
                _ = EndAsync();
                return null;
            }

            outline.Add(next.Span);
        }

        return outline.Read();
    }

    private async Task EndWithItsProcessAsync()
    {
        // One that closes its output cannot answer any more, even if it runs on.
        await Task.WhenAny(exit, reading);

        // What it wrote last still counts.
        await Task.WhenAny(reading, Task.Delay(Glance, clock));
        await EndAsync();
    }

    private async Task EndCoreAsync()
    {
        await over.CancelAsync();
        await process.Input.DisposeAsync();
        await Task.WhenAny(exit, Task.Delay(Grace, clock));
        if (!exit.IsCompleted || ProcessGroup.IsAlive(Id))
        {
            logger.ChildSignalled(Id, "SIGTERM");
            ProcessGroup.Signal(Id, Native.SignalTerminate);
            await GoneAsync();
            if (!exit.IsCompleted || ProcessGroup.IsAlive(Id))
            {
                logger.ChildSignalled(Id, "SIGKILL");
            }
        }

        // To whatever came up since, too; a group without members is no error.
        ProcessGroup.Signal(Id, Native.SignalKill);
        await exit;

        // A signal is sent before it is obeyed: what the process forked may run a moment longer than the process.
        await GoneAsync();
        var status = ChildWatch.Reap(Id);
        await process.Output.DisposeAsync();
        await process.Errors.DisposeAsync();
        await Task.WhenAll(reading, logging);
        await writing.WaitAsync();
        logger.ChildEnded(Id, Describe(status));
    }

    private async Task GoneAsync()
    {
        var begun = clock.GetTimestamp();
        while ((!exit.IsCompleted || ProcessGroup.IsAlive(Id)) && clock.GetElapsedTime(begun) < Grace)
        {
            await (exit.IsCompleted ? Task.Delay(Glance, clock) : Task.WhenAny(exit, Task.Delay(Grace, clock)));
        }
    }

    /// <summary>The exit code, or the signal in the low seven bits.</summary>
    private static string Describe(int? status) => status is not { } value ? "unknown"
        : (value & 0x7F) == 0 ? string.Create(CultureInfo.InvariantCulture, $"exit code {(value >> 8) & 0xFF}")
        : string.Create(CultureInfo.InvariantCulture, $"signal {value & 0x7F}");
}
