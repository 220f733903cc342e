using System.Buffers;

namespace Gateway.Observe;

/// <summary>
/// A bounded queue of lines for one reader: they are laid one behind the other, and taken all at once, so that neither a line
/// nor whoever brings it costs a buffer or wakes anybody while the reader is at work.
/// </summary>
/// <param name="most">How many lines are queued at most.</param>
internal sealed class LineQueue(int most)
{
    /// <summary>A buffer that a burst has made larger than this is not kept.</summary>
    private const int Kept = 1024 * 1024;

    private readonly object gate = new();
    private readonly Queue<(byte[] Line, TaskCompletionSource<bool> Queued)> waiting = [];
    private ArrayBufferWriter<byte> filling = new();
    private ArrayBufferWriter<byte> taken = new();
    private int lines;
    private int inHand;
    private bool isIdle;
    private bool isClosed;
    private bool isAbandoned;

    /// <summary>Queues a line, whose end is added, unless the queue is full or closed.</summary>
    public bool TryAdd(ReadOnlySpan<byte> line)
    {
        lock (gate)
        {
            // Nobody is passed by who waits already.
            if (isClosed || lines >= most || waiting.Count > 0)
            {
                return false;
            }

            Add(line);
            return true;
        }
    }

    /// <summary>Queues a line as soon as there is room; the bytes are copied before this returns. False when the queue is closed before.</summary>
    public Task<bool> AddAsync(ReadOnlySpan<byte> line)
    {
        lock (gate)
        {
            if (isClosed)
            {
                return Task.FromResult(false);
            }

            var queued = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue((line.ToArray(), queued));
            Admit();
            return queued.Task;
        }
    }

    /// <summary>
    /// Waits for lines and takes all that are queued, each with its end; they are the caller's until the next call. False when
    /// the queue is closed and empty.
    /// </summary>
    public bool Take(out ReadOnlyMemory<byte> bytes)
    {
        lock (gate)
        {
            while (lines == 0 && !isClosed)
            {
                isIdle = true;
                Monitor.Wait(gate);
            }

            isIdle = false;
            taken.ResetWrittenCount();
            (filling, taken) = (taken.Capacity > Kept ? new() : taken, filling);
            (inHand, lines) = (lines, 0);
            Admit();
            bytes = taken.WrittenMemory;
            return bytes.Length > 0;
        }
    }

    /// <summary>So many lines of those that were taken are done with, in whatever way. False when the reader was given up before, and they with it.</summary>
    public bool Settle(int count)
    {
        lock (gate)
        {
            inHand -= count;
            return !isAbandoned;
        }
    }

    /// <summary>Gives the reader up: how many lines are queued, or taken and not done with.</summary>
    public int Abandon()
    {
        lock (gate)
        {
            isAbandoned = true;
            return inHand + lines;
        }
    }

    /// <summary>Takes no more lines; who waits is told so.</summary>
    public void Close()
    {
        lock (gate)
        {
            isClosed = true;
            while (waiting.TryDequeue(out var next))
            {
                next.Queued.SetResult(false);
            }

            Monitor.Pulse(gate);
        }
    }

    private void Admit()
    {
        while (lines < most && waiting.TryDequeue(out var next))
        {
            Add(next.Line);
            next.Queued.SetResult(true);
        }
    }

    private void Add(ReadOnlySpan<byte> line)
    {
        var room = filling.GetSpan(line.Length + 1);
        line.CopyTo(room);
        room[line.Length] = (byte)'\n';
        filling.Advance(line.Length + 1);
        lines++;
        if (isIdle)
        {
            isIdle = false;
            Monitor.Pulse(gate);
        }
    }
}
